import { PassThrough, Readable } from 'node:stream'
import { expect } from 'chai'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { type Running, runCommand } from '../../../clients/command/run-command.ts'
import { tryLockForSending } from '../../../clients/profile/process-locks.ts'
import { LockHolder } from '../../../clients/sender/lock-holder.ts'
import { openStore } from '../../../clients/store/open-store.ts'
import type { Store } from '../../../clients/store/store.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('LockHolder', () => {
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  /** Hold the conversations of alice. */
  async function hold(work: (running: Running, store: Store) => Promise<void>): Promise<void> {
    const common = {
      home: installation.home.path,
      profile: 'alice',
      input: Readable.from([]),
      output: new PassThrough().resume(),
      errors: new PassThrough().resume(),
      trace: false,
      json: false,
      redialMs: 10_000,
      clock: systemClock,
      channelTimes: {},
      signal: new AbortController().signal,
    }
    await runCommand(common, async (running) => {
      const { folder, key } = running.profile.storage
      const store = openStore(folder, { profileKey: key })
      try {
        await work(running, store)
      } finally {
        store.close()
      }
    })
  }

  it('ends its conversations before another process may have them, though it fails to stop serving', async () => {
    await using bob = await MessengerUnderTest.start(installation, 'bob')
    await hold(async (running, store) => {
      const served = Promise.withResolvers<void>()
      store.watch = () => {
        served.resolve()
        const stop = () => {
          throw new SottoError('ERR_STORE', 'it cannot be stopped')
        }
        return { failed: new Promise(() => undefined), stop }
      }
      const lock = await tryLockForSending(running.profile)
      if (lock === undefined) throw new Error('somebody has the lock')
      const directory = await running.connect()
      const common = { running, directory, store, lock, to: 'bob' }
      const holder = new LockHolder({ ...common, onMoved() {}, onFile() {}, onLost: served.reject })
      await holder.reach()
      await served.promise
      expect((await rejection(holder.stop(CloseReason.DONE))).code).to.equal('ERR_STORE')
      await bob.until(() => bob.parted.length > 0)
      expect(bob.parted).to.deep.equal(['closed'])
      const released = await tryLockForSending(running.profile)
      expect(released).not.to.equal(undefined)
      released?.release()
    })
  })
})

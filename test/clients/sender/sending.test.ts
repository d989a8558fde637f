import { PassThrough, Writable } from 'node:stream'
import { expect } from 'chai'
import { forget } from '../../../clients/history/forget.ts'
import { tryLockForSending } from '../../../clients/profile/process-locks.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('send without a messenger', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  it('sends at once with another, and neither cuts the other', async () => {
    await using bob = await installation.receive('bob')
    const lines = Array.from({ length: 5 }, (_, n) => `message ${n}`)
    const runs = lines.map((line) => installation.send('alice', 'bob', line))
    await Promise.all(runs.map(({ done }) => done))
    await bob.output.until((text) => text.split('\n').length > lines.length)
    expect(bob.output.text.trim().split('\n').sort()).to.deep.equal(lines)
    expect(runs.map(({ errors }) => errors.text).join('')).not.to.include('broke')
  })

  it('shows what the other side answers, and leaves what others say to who receives', async () => {
    await installation.signUp('carol')
    await using bob = await MessengerUnderTest.start(installation, 'bob')
    const pipe = new PassThrough()
    pipe.write('hello\n')
    await using alice = installation.send('alice', 'bob', pipe)
    await bob.until(() => bob.received.length === 1)
    await bob.messenger.enqueue('alice', 'hello yourself')
    await alice.output.until((text) => text === 'hello yourself\n')
    pipe.end()
    await alice.done
    await using again = await installation.receive('alice')
    await installation.send('carol', 'alice', 'from carol').done
    await again.output.until((text) => text === 'from carol\n')
  })

  it('ends though nobody reads what the other side answers, which is shown by who receives', async () => {
    await using bob = await MessengerUnderTest.start(installation, 'bob')
    const pipe = new PassThrough()
    const offered = Promise.withResolvers<void>()
    const output = new Writable({ write: () => offered.resolve() })
    pipe.write('hello\n')
    const alice = installation.send('alice', 'bob', pipe, { output })
    await bob.until(() => bob.received.length === 1)
    await bob.messenger.enqueue('alice', 'hello yourself')
    await offered.promise
    pipe.end()
    await alice.done
    await using again = await installation.receive('alice')
    await again.output.until((text) => text === 'hello yourself\n')
  })

  it('leaves no timer of its time limit behind when it is interrupted', async () => {
    // So much that nothing else waits as long.
    const timeoutMs = 1_234_567
    const limits = new Set<unknown>()
    const { setTimeout, clearTimeout } = globalThis
    globalThis.setTimeout = Object.assign((...args: Parameters<typeof setTimeout>) => {
      const timer = setTimeout(...args)
      const [, ms = 0] = args
      if (ms <= timeoutMs && ms > timeoutMs - 10_000) limits.add(timer)
      return timer
    }, setTimeout)
    globalThis.clearTimeout = (timer) => {
      clearTimeout(timer)
      limits.delete(timer)
    }
    try {
      await using bob = await MessengerUnderTest.start(installation, 'bob')
      const alice = installation.send('alice', 'bob', 'hello', { wait: 'read', timeoutMs })
      await bob.until(() => bob.received.length === 1)
      // The limit of the wait for the other side's mark, behind that of reaching them.
      while (limits.size === 0) await new Promise(setImmediate)
      await alice.stop()
      expect((await rejection(alice.done)).code).to.equal('ERR_INTERRUPTED')
      expect(limits.size).to.equal(0)
    } finally {
      Object.assign(globalThis, { setTimeout, clearTimeout })
    }
  })

  it('keeps nothing for somebody whom it does not reach', async () => {
    for (const [name, code] of [
      ['bob', 'ERR_NOT_ONLINE'],
      ['nobody', 'ERR_NO_SUCH_USER'],
    ] as const) {
      expect((await rejection(installation.send('alice', name, 'now or never').done)).code).to.equal(code)
    }
    await using alice = await MessengerUnderTest.start(installation, 'alice')
    expect(alice.store.names()).to.deep.equal([])
  })

  for (const json of [false, true]) {
    it(`ends with the reason where its contact is forgotten${json ? ', and tells it to a script' : ''}`, async () => {
      await using bob = await MessengerUnderTest.start(installation, 'bob')
      const pipe = new PassThrough()
      pipe.write(json ? '{"text":"hello"}\n' : 'hello\n')
      await using alice = installation.send('alice', 'bob', pipe, { json, wait: 'read' })
      const failure = rejection(alice.done)
      await bob.until(() => bob.received.length === 1)
      const profile = await Profile.open(installation.home.path, 'alice')
      expect(await forget(profile, 'bob', async () => true)).to.be.a('number')
      pipe.end()
      expect(await failure).to.include({ code: 'ERR_STREAM_RENEWED' })
      const lock = await tryLockForSending(profile)
      expect(lock).not.to.equal(undefined)
      lock?.release()
    })
  }

  it('takes over what waits from an owner that goes away', async () => {
    await using bob = await installation.receive('bob')
    const lock = await tryLockForSending(await Profile.open(installation.home.path, 'alice'))
    await using alice = installation.send('alice', 'bob', 'at last', { trace: true })
    // All that it asks for before it leaves its message to whoever has the lock.
    await alice.errors.until((text) => text.includes('RequestChatResponse'))
    lock?.release()
    await alice.done
    await bob.output.until((text) => text === 'at last\n')
  })
})

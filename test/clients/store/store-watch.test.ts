import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { openStore } from '../../../clients/store/open-store.ts'
import type { Store } from '../../../clients/store/store.ts'
import { permitWriting } from '../../support/permits.ts'
import { rejection } from '../../support/rejection.ts'
import { ALICE_KEY, BOB_KEY, outgoingText, PROFILE_KEY } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('watchStore', () => {
  let folder: TemporaryFolder
  let watching: Store
  let other: Store
  beforeEach(async () => {
    folder = await temporaryFolder()
    watching = openStore(folder.path, { profileKey: PROFILE_KEY })
    other = openStore(folder.path, { profileKey: PROFILE_KEY })
  })
  afterEach(async () => {
    watching.close()
    other.close()
    await folder[Symbol.asyncDispose]()
  })

  it('calls back for what others commit, long before it would look by itself', async () => {
    const changed = Promise.withResolvers<void>()
    const watch = watching.watch(changed.resolve)
    const startMs = performance.now()
    other.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('x')])
    await changed.promise
    watch.stop()
    expect(performance.now() - startMs).to.be.below(900)
  })

  it('does not call back for what its own process commits', async () => {
    const own = watching.messageLog('bob', BOB_KEY)
    let calls = 0
    const changed = Promise.withResolvers<void>()
    const watch = watching.watch(() => {
      calls += 1
      changed.resolve()
    })
    for (let count = 0; count < 20; count += 1) own.append(permitWriting('bob'), [outgoingText('own')])
    await new Promise(setImmediate)
    expect(calls).to.equal(0)
    other.messageLog('carol', ALICE_KEY).append(permitWriting('carol'), [outgoingText('other')])
    await changed.promise
    watch.stop()
  })

  it('tells what calling back has failed with, and calls no more', async () => {
    let calls = 0
    const watch = watching.watch(() => {
      calls += 1
      throw new SottoError('ERR_STORE_DAMAGED', 'for a test')
    })
    other.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('x')])
    expect((await rejection(watch.failed)).code).to.equal('ERR_STORE_DAMAGED')
    other.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('y')])
    await new Promise(setImmediate)
    expect(calls).to.equal(1)
  })

  it('lets a process end, and calls no more when it was stopped', async () => {
    let calls = 0
    const watch = watching.watch(() => {
      calls += 1
    })
    watch.stop()
    other.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('x')])
    await new Promise(setImmediate)
    expect(calls).to.equal(0)
  })
})

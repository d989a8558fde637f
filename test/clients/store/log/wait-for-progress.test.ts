import { expect } from 'chai'
import { waitForProgress } from '../../../../clients/store/log/wait-for-progress.ts'
import type { Store } from '../../../../clients/store/store.ts'
import { converse, DeliveringSide } from '../../../support/delivering-side.ts'
import { rejection } from '../../../support/rejection.ts'
import { ALICE_KEY, BOB_KEY, said, testStore } from '../../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('waitForProgress', () => {
  let folders: TemporaryFolder[]
  let owner: Store
  let beside: Store
  let bob: Store
  beforeEach(async () => {
    folders = [await temporaryFolder(), await temporaryFolder()]
    owner = testStore(folders[0]?.path as string)
    beside = testStore(folders[0]?.path as string)
    bob = testStore(folders[1]?.path as string)
  })
  afterEach(async () => {
    for (const store of [owner, beside, bob]) store.close()
    for (const folder of folders) await folder[Symbol.asyncDispose]()
  })

  it('ends when the owner has delivered what was appended beside it', async () => {
    const alice = new DeliveringSide(owner.messageLog('bob', BOB_KEY), true)
    const messageLog = beside.messageLog('bob', BOB_KEY)
    const ordinal = messageLog.append([said('a'), said('b')])
    const { signal } = new AbortController()
    const waiting = waitForProgress(beside, messageLog, { mark: 'delivered', ordinal, signal })
    alice.messageLog.takeAppended()
    converse(alice, new DeliveringSide(bob.messageLog('alice', ALICE_KEY), false))
    await waiting
    expect(messageLog.progress().delivered).to.equal(2)
    await waitForProgress(beside, messageLog, { mark: 'sent', ordinal, signal })
  })

  it('ends with the reason of its signal', async () => {
    const messageLog = beside.messageLog('bob', BOB_KEY)
    const ordinal = messageLog.append([said('a')])
    const controller = new AbortController()
    const waiting = waitForProgress(beside, messageLog, { mark: 'delivered', ordinal, signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await waiting.catch((error: unknown) => error)).to.equal(reason)
    const again = waitForProgress(beside, messageLog, { mark: 'delivered', ordinal, signal: controller.signal })
    expect(await again.catch((error: unknown) => error)).to.equal(reason)
  })

  it('ends where the contact is forgotten', async () => {
    const messageLog = beside.messageLog('bob', BOB_KEY)
    const ordinal = messageLog.append([said('a')])
    const { signal } = new AbortController()
    const waiting = waitForProgress(beside, messageLog, { mark: 'delivered', ordinal, signal })
    owner.forget('bob')
    expect((await rejection(waiting)).code).to.equal('ERR_STREAM_RENEWED')
  })
})

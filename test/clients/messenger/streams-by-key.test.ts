import { expect } from 'chai'
import { StreamsByKey } from '../../../clients/messenger/streams-by-key.ts'
import type { Store } from '../../../clients/store/store.ts'
import { permitReceiving, permitWriting } from '../../support/permits.ts'
import { ALICE_KEY, BOB_KEY, memoryStore, outgoingText } from '../../support/stores.ts'

describe('StreamsByKey', () => {
  let store: Store
  let streamsByKey: StreamsByKey
  beforeEach(() => {
    store = memoryStore()
    streamsByKey = new StreamsByKey({
      store,
      onProgress() {},
      sendsReceipts: () => true,
      permit: permitReceiving,
    })
  })
  afterEach(() => store.close())

  it('gives what was written before any key was known to whichever is proven first', () => {
    const before = streamsByKey.with('bob', undefined)
    before.append(permitWriting('bob'), [outgoingText('hello')])
    expect(streamsByKey.with('bob', BOB_KEY)).to.equal(before)
    expect(streamsByKey.known('bob', undefined)).to.equal(undefined)
  })

  it('gives what waits for one key to no other, though it was asked for without a key', () => {
    store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('for the first key alone')])
    const before = streamsByKey.with('bob', undefined)
    const other = streamsByKey.with('bob', ALICE_KEY)
    expect([before.unacknowledged, other.unacknowledged]).to.deep.equal([1, 0])
    expect(streamsByKey.with('bob', BOB_KEY)).to.equal(before)
  })
})

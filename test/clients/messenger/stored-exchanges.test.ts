import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { StoredExchanges } from '../../../clients/messenger/stored-exchanges.ts'
import type { Store } from '../../../clients/store/store.ts'
import { ALICE_KEY, BOB_KEY, memoryStore, said } from '../../support/stores.ts'

describe('StoredExchanges', () => {
  let store: Store
  let exchanges: StoredExchanges
  beforeEach(() => {
    store = memoryStore()
    exchanges = new StoredExchanges({
      store,
      clock: systemClock,
      onProgress() {},
      sendsReceipts: () => true,
      admit() {},
    })
  })
  afterEach(() => store.close())

  it('gives what was written before any key was known to whichever is proven first', () => {
    const before = exchanges.with('bob', undefined)
    before.enqueue(Buffer.from('hello'))
    expect(exchanges.with('bob', BOB_KEY)).to.equal(before)
    expect(exchanges.known('bob', undefined)).to.equal(undefined)
  })

  it('gives what waits for one key to no other, though it was asked for without a key', () => {
    store.mailbox('bob', BOB_KEY).append([said('for the first key alone')])
    const before = exchanges.with('bob', undefined)
    const other = exchanges.with('bob', ALICE_KEY)
    expect([before.unacknowledged, other.unacknowledged]).to.deep.equal([1, 0])
    expect(exchanges.with('bob', BOB_KEY)).to.equal(before)
  })
})

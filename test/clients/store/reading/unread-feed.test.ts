import { expect } from 'chai'
import { READER_TIMEOUT_MS, UnreadFeed, type UnreadFeedOptions } from '../../../../clients/store/reading/unread-feed.ts'
import type { Store } from '../../../../clients/store/store.ts'
import { converse, DeliveringSide } from '../../../support/delivering-side.ts'
import { ALICE_KEY, BOB_KEY, memoryStore, outgoingText, shown } from '../../../support/stores.ts'
import { FakeTimers } from '../../../support/timers.ts'

/** Until all that can happen now has. */
const calm = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('UnreadFeed', () => {
  let store: Store
  let timers: FakeTimers
  /** What the reader was given, and takes when it is told to. */
  let given: { readonly texts: string[]; readonly take: () => void }[]
  beforeEach(() => {
    store = memoryStore()
    timers = new FakeTimers()
    given = []
    const sender = memoryStore()
    const bob = new DeliveringSide(sender.messageLog('alice', ALICE_KEY), false)
    bob.append(['one', 'two', 'three'].map((text) => outgoingText(text)))
    converse(bob, new DeliveringSide(store.messageLog('bob', BOB_KEY), true))
    sender.close()
  })
  afterEach(() => store.close())

  function feedOf(options: Partial<UnreadFeedOptions> = {}): UnreadFeed {
    return new UnreadFeed({
      store,
      show: (_name, messages) => {
        const { promise, resolve } = Promise.withResolvers<undefined>()
        given.push({ texts: shown(messages), take: () => resolve(undefined) })
        return promise
      },
      markRead: (name, through) => store.markRead(name, through),
      onGap() {},
      schedule: timers.schedule,
      ...options,
    })
  }

  it('waits at the end for a reader that takes something now and then', async () => {
    const feed = feedOf({ page: 1 })
    feed.wake()
    const drained = feed.drained()
    for (let count = 1; count <= 3; count += 1) {
      while (given.length < count) await calm()
      timers.advance(READER_TIMEOUT_MS - 1)
      given.at(-1)?.take()
    }
    await drained
    expect(given.flatMap(({ texts }) => texts)).to.deep.equal(['one', 'two', 'three'])
    expect(store.unread('bob', { limit: 1 })).to.deep.equal([])
  })

  it('shows nothing sooner of what is to come later, whatever has come while it was shown', async () => {
    let shown = 0
    const feed = feedOf({
      show: async (name) => {
        shown += 1
        feed.wake(name)
        return 60_000
      },
    })
    feed.wake()
    for (let turn = 0; turn < 4; turn += 1) await calm()
    expect(shown).to.equal(1)
    await feed.drained()
  })

  it('waits no longer for one that takes nothing, and has it come again', async () => {
    const feed = feedOf()
    feed.wake()
    await calm()
    const drained = feed.drained()
    await calm()
    timers.advance(READER_TIMEOUT_MS)
    await drained
    given[0]?.take()
    feed.wake()
    await calm()
    expect(given).to.have.length(1)
    expect(store.unread('bob', { limit: 9 })).to.have.length(3)
  })
})

import { expect } from 'chai'
import fc from 'fast-check'
import { MAX_UNREAD, PendingMessages } from '../../../clients/chat/pending-messages.ts'
import type { Progress } from '../../../clients/store/log/progress.ts'
import { assertProperty } from '../../support/property.ts'

const progress = (sent: number, delivered = 0, read = 0): Progress => ({
  appended: sent,
  sent,
  posted: delivered,
  delivered,
  read,
})

describe('PendingMessages', () => {
  let pending: PendingMessages<string>
  beforeEach(() => {
    pending = new PendingMessages()
  })
  const add = (...ordinals: readonly number[]) =>
    ordinals.map((ordinal) => pending.add(ordinal, 'waiting', `no. ${ordinal}`))
  const advance = (to: Progress) =>
    pending.advance(to).map(({ ordinal, tag, state }) => {
      expect(tag).to.equal(`no. ${ordinal}`)
      return `${ordinal} ${state}`
    })

  it('tells each change of each message once', () => {
    add(1, 2, 3)
    expect(advance(progress(2))).to.deep.equal(['1 sent', '2 sent'])
    expect(advance(progress(3, 1))).to.deep.equal(['1 delivered', '3 sent'])
    expect(advance(progress(3, 3, 2))).to.deep.equal(['1 read', '2 read', '3 delivered'])
    expect(advance(progress(3, 3, 2))).to.deep.equal([])
  })

  it('shows a message as far as was heard before it was shown', () => {
    advance(progress(2, 1))
    expect(add(1, 2, 3)).to.deep.equal(['delivered', 'sent', 'waiting'])
    expect(advance(progress(2, 2))).to.deep.equal(['2 delivered'])
  })

  it('follows older messages that are shown later', () => {
    add(8, 9)
    add(3, 4)
    expect(advance(progress(9, 3))).to.deep.equal(['3 delivered', '4 sent', '8 sent', '9 sent'])
    expect([pending.has(4), pending.has(5)]).to.deep.equal([true, false])
  })

  it('lets go of what is read, and of the oldest that nobody says to have read', () => {
    add(...Array.from({ length: MAX_UNREAD + 50 }, (_, index) => index + 1))
    advance(progress(MAX_UNREAD + 50, 10, 10))
    expect([10, 11].map((ordinal) => pending.has(ordinal))).to.deep.equal([false, true])
    advance(progress(MAX_UNREAD + 50, MAX_UNREAD + 50, 10))
    expect([50, 51].map((ordinal) => pending.has(ordinal))).to.deep.equal([false, true])
    expect(advance(progress(MAX_UNREAD + 50, MAX_UNREAD + 50, 60))).to.deep.equal(
      Array.from({ length: 10 }, (_, index) => `${index + 51} read`),
    )
  })

  it('ends with every message where the marks are, whatever came when', () => {
    const mark = fc.nat({ max: 30 })
    const shows = fc.record({ ordinal: fc.integer({ min: 1, max: 30 }) })
    const property = fc.property(fc.array(fc.oneof(shows, fc.tuple(mark, mark, mark))), (steps) => {
      const own = new PendingMessages<string>()
      const shown = new Map<number, string>()
      let [sent, delivered, read] = [0, 0, 0]
      for (const step of steps) {
        if ('ordinal' in step) shown.set(step.ordinal, own.add(step.ordinal, 'waiting', ''))
        else {
          sent = Math.max(sent, ...step)
          delivered = Math.min(sent, Math.max(delivered, step[1]))
          read = Math.min(delivered, Math.max(read, step[2]))
          for (const { ordinal, state } of own.advance(progress(sent, delivered, read))) shown.set(ordinal, state)
        }
      }
      const expected = (ordinal: number) =>
        ordinal <= read ? 'read' : ordinal <= delivered ? 'delivered' : ordinal <= sent ? 'sent' : 'waiting'
      for (const [ordinal, state] of shown) expect(state, `${ordinal}`).to.equal(expected(ordinal))
    })
    assertProperty(property)
  })
})

import { expect } from 'chai'
import fc from 'fast-check'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { TICKET_LIFETIME_MS } from '#lib/ticket/ticket.ts'
import { codeOf } from '../../support/code-of.ts'
import { NOW_MS } from '../../support/conversation.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf } from '../../support/random.ts'

const ticket = (label: string | number, expiresAtMs = NOW_MS + TICKET_LIFETIME_MS) => ({
  ticketId: bytesOf(`ticket ${label}`, 16),
  expiresAtMs,
})

/** Both clocks, so long after it all began. */
const clocksAt = (ms: number) => ({ nowMs: NOW_MS + ms, monotonicMs: ms })

/** When a ticket of NOW_MS is too old to be accepted, whatever the skew. */
const OVER_MS = TICKET_LIFETIME_MS + CLOCK_SKEW_MS

describe('ReplayCache', () => {
  it('lets a ticket pass once', () => {
    const cache = new ReplayCache()
    cache.mark(ticket(1), clocksAt(0))
    expect(codeOf(() => cache.mark(ticket(1), clocksAt(0)))).to.equal('ERR_TICKET_REPLAYED')
    expect(codeOf(() => cache.mark(ticket(1), clocksAt(OVER_MS)))).to.equal('ERR_TICKET_REPLAYED')
    cache.mark(ticket(2), clocksAt(0))
  })

  it('keeps an id of its own, whatever becomes of the bytes it was given', () => {
    const cache = new ReplayCache()
    const { ticketId, expiresAtMs } = ticket(1)
    const given = Uint8Array.from(ticketId)
    cache.mark({ ticketId: given, expiresAtMs }, clocksAt(0))
    given.fill(0)
    expect(codeOf(() => cache.mark(ticket(1), clocksAt(0)))).to.equal('ERR_TICKET_REPLAYED')
  })

  it('forgets a ticket when it is too old to be accepted', () => {
    const cache = new ReplayCache(1)
    cache.mark(ticket(1), clocksAt(0))
    const next = ticket(2, NOW_MS + 2 * OVER_MS)
    expect(codeOf(() => cache.mark(next, clocksAt(OVER_MS)))).to.equal('ERR_TICKET_CACHE_FULL')
    cache.mark(next, clocksAt(OVER_MS + 1_001))
  })

  it('refuses new tickets when it is full, until there is room', () => {
    const cache = new ReplayCache(2)
    cache.mark(ticket(1), clocksAt(0))
    cache.mark(ticket(2), clocksAt(1))
    expect(codeOf(() => cache.mark(ticket(3), clocksAt(2)))).to.equal('ERR_TICKET_CACHE_FULL')
    expect(codeOf(() => cache.mark(ticket(1), clocksAt(2)))).to.equal('ERR_TICKET_REPLAYED')
    const later = OVER_MS + 2_000
    for (const label of [3, 4]) cache.mark(ticket(label, NOW_MS + later + TICKET_LIFETIME_MS), clocksAt(later))
    const fifth = ticket(5, NOW_MS + later + TICKET_LIFETIME_MS)
    expect(codeOf(() => cache.mark(fifth, clocksAt(later)))).to.equal('ERR_TICKET_CACHE_FULL')
  })

  it('remembers 100,000 tickets', () => {
    const cache = new ReplayCache()
    const id = Buffer.alloc(16)
    for (let count = 0; count < 100_000; count += 1) {
      id.writeUInt32BE(count)
      cache.mark({ ticketId: id, expiresAtMs: NOW_MS + TICKET_LIFETIME_MS }, clocksAt(count / 1_000))
    }
    expect(codeOf(() => cache.mark(ticket('one more'), clocksAt(100)))).to.equal('ERR_TICKET_CACHE_FULL')
  })

  it('refuses what it has forgotten even if the wall clock is set back', () => {
    const cache = new ReplayCache()
    cache.mark(ticket(1), clocksAt(0))
    const setBack = { nowMs: NOW_MS, monotonicMs: OVER_MS + 2_000 }
    expect(codeOf(() => cache.mark(ticket(1), setBack))).to.equal('ERR_TICKET_EXPIRED')
  })

  it('keeps a ticket for as long as it lives, though the wall clock is set forward', () => {
    const cache = new ReplayCache()
    cache.mark(ticket(1), clocksAt(0))
    cache.mark(ticket(2, NOW_MS + 1e9), { nowMs: NOW_MS + 1e9, monotonicMs: 1 })
    expect(codeOf(() => cache.mark(ticket(1), clocksAt(2)))).to.equal('ERR_TICKET_REPLAYED')
  })

  it('never lets a ticket pass twice, however the wall clock jumps', () => {
    const step = fc.record({
      id: fc.integer({ min: 0, max: 5 }),
      passMs: fc.integer({ min: 0, max: 100_000 }),
      jumpMs: fc.integer({ min: -300_000, max: 300_000 }),
    })
    assertProperty(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new ReplayCache()
        const passed = new Set<number>()
        const clocks = { nowMs: NOW_MS, monotonicMs: 0 }
        for (const { id, passMs, jumpMs } of steps) {
          clocks.nowMs += passMs + jumpMs
          clocks.monotonicMs += passMs
          const expiresAtMs = NOW_MS + TICKET_LIFETIME_MS + id * 10_000
          // As checkTicket has it before it comes here.
          if (clocks.nowMs > expiresAtMs + CLOCK_SKEW_MS) continue
          const code = codeOf(() => cache.mark(ticket(id, expiresAtMs), clocks))
          if (code === 'none') expect(passed.has(id)).to.equal(false)
          if (code === 'none') passed.add(id)
        }
      }),
    )
  })
})

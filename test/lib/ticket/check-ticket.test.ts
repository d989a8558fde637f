import { expect } from 'chai'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { checkTicket, type TicketExpectation } from '#lib/ticket/check-ticket.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { TICKET_LIFETIME_MS, type Ticket } from '#lib/ticket/ticket.ts'
import { codeOf } from '../../support/code-of.ts'
import { ALICE, BOB, NOW_MS, ticketBody } from '../../support/conversation.ts'

function check(changes: Partial<Ticket> = {}, expected: Partial<TicketExpectation> = {}): string {
  const bob = {
    identityKey: BOB.publicKey,
    ownName: 'bob',
    nowMs: NOW_MS,
    monotonicMs: 0,
    replayCache: new ReplayCache(),
  }
  return codeOf(() => checkTicket(ticketBody(changes), { ...bob, ...expected }))
}

describe('checkTicket', () => {
  it('lets a fresh ticket for this receiver pass', () => {
    expect(check()).to.equal('none')
  })

  it('refuses a ticket for another identity key', () => {
    expect(check({ receiverIdentityKey: ALICE.publicKey })).to.equal('ERR_TICKET_RECEIVER')
  })

  it('refuses a ticket from the receiver itself, by name or by key', () => {
    expect(check({ senderName: 'bob' })).to.equal('ERR_CHAT_WITH_SELF')
    expect(check({ senderIdentityKey: BOB.publicKey })).to.equal('ERR_CHAT_WITH_SELF')
  })

  it('allows 60 s of skew when a ticket is issued, and no millisecond more', () => {
    expect(check({}, { nowMs: NOW_MS - CLOCK_SKEW_MS })).to.equal('none')
    expect(check({}, { nowMs: NOW_MS - CLOCK_SKEW_MS - 1 })).to.equal('ERR_TICKET_FUTURE')
  })

  it('allows 60 s of skew when a ticket expires, and no millisecond more', () => {
    const lastMs = NOW_MS + TICKET_LIFETIME_MS + CLOCK_SKEW_MS
    expect(check({}, { nowMs: lastMs })).to.equal('none')
    expect(check({}, { nowMs: lastMs + 1 })).to.equal('ERR_TICKET_EXPIRED')
    expect(check({}, { nowMs: lastMs + 1000 })).to.equal('ERR_TICKET_EXPIRED')
  })

  it('refuses a ticket that passed before', () => {
    const replayCache = new ReplayCache()
    expect([check({}, { replayCache }), check({}, { replayCache })]).to.deep.equal(['none', 'ERR_TICKET_REPLAYED'])
  })

  it('refuses a ticket that it could not remember', () => {
    expect(check({}, { replayCache: new ReplayCache(0) })).to.equal('ERR_TICKET_CACHE_FULL')
  })

  it('marks nothing that it refuses', () => {
    const replayCache = new ReplayCache()
    check({ receiverIdentityKey: ALICE.publicKey }, { replayCache })
    check({ senderName: 'bob' }, { replayCache })
    check({}, { replayCache, nowMs: 0 })
    check({}, { replayCache, nowMs: NOW_MS * 2 })
    expect(check({}, { replayCache })).to.equal('none')
  })
})

/** The records of a renewal, changed on the wire, and said when it is not their turn. */
import { expect } from 'chai'
import { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { RENEW_EVERY_MS, RENEW_RETRY_MS } from '#lib/channel/channel-times.ts'
import { startRenewal } from '#lib/channel/renewal.ts'
import { TICKET_LIFETIME_MS, type Ticket } from '#lib/ticket/ticket.ts'
import { codeOf } from '../../support/code-of.ts'
import { accept, hello } from '../../support/conversation.ts'
import { randomFrom } from '../../support/random.ts'
import { ALICE_ENDS, RenewingPair, type Side } from '../../support/renewing-pair.ts'
import { flip } from '../../support/tamper.ts'

/** What stands on the wire at each step of a renewal, and who takes it. */
function wire(steps: number): { pair: RenewingPair; to: Side; record: Uint8Array } {
  const pair = new RenewingPair()
  pair.after(RENEW_EVERY_MS, pair.alice)
  pair.learn(pair.alice, pair.issue())
  let [from, to] = [pair.alice, pair.bob]
  for (let step = 0; step < steps; step += 1) {
    pair.send(from)
    pair.receive(to)
    ;[from, to] = [to, from]
  }
  return { pair, to, record: pair.send(from)?.record ?? new Uint8Array(0) }
}

describe('a record of a renewal, changed on its way', () => {
  for (const [steps, what] of ['RenewHello', 'RenewWelcome', 'RenewSwitch'].entries()) {
    it(`ends the channel, whatever was done to it: ${what}`, () => {
      // A record that fails ends its channel, and a pair takes milliseconds to make: of long records, 64 places.
      const { record } = wire(steps)
      const count = Math.min(record.length, 64)
      const codes = new Set<string>()
      for (let index = 0; index < count; index += 1) {
        const { pair, to } = wire(steps)
        const bit = Math.floor((index * record.length) / count) * 8 + (index % 8)
        codes.add(codeOf(() => to.channel.open(flip(record, bit))))
        codes.add(codeOf(() => pair.send(to)))
        expect(to.renewals).to.equal(0)
      }
      const { to } = wire(steps)
      codes.add(codeOf(() => to.channel.open(record.subarray(0, record.length - 1))))
      expect([...codes]).to.deep.equal(['ERR_DECRYPT'])
    }).timeout(10_000)
  }
})

describe('a renewal out of its turn', () => {
  type Control = NonNullable<RecordBody['control']>

  /** What a side makes of something that the other end seals, though its state machine would not say it. */
  function take(pair: RenewingPair, side: Side, control: Control): string {
    return codeOf(() => pair.take(side, RecordBody.fromPartial({ control })))
  }

  /** A Hello as Alice says it in this pair, without its being said. */
  function helloOf(pair: RenewingPair, issued = false, changes: Partial<Ticket> = {}): Control {
    const word = pair.issue({ ticket: changes })
    const ticket = issued && word.$case === 'issued' ? word.issued : undefined
    const random = randomFrom('renewal of alice')
    const { hello: value } = startRenewal({ ends: ALICE_ENDS, old: pair.alice.first, issued: ticket, random })
    return { $case: 'renewHello', value }
  }

  const WELCOME: Control = { $case: 'renewWelcome', value: accept(hello().hello).welcome }
  const REFUSAL: Control = { $case: 'renewRefusal', value: {} }
  const SWITCH: Control = { $case: 'renewSwitch', value: {} }

  it('is refused from the wrong side', () => {
    const pair = new RenewingPair()
    for (const control of [helloOf(pair), SWITCH, WELCOME, REFUSAL]) {
      expect(take(pair, pair.alice, control)).to.equal('ERR_RECORD_MALFORMED')
    }
    for (const control of [WELCOME, REFUSAL, SWITCH]) {
      expect(take(pair, pair.bob, control)).to.equal('ERR_RECORD_MALFORMED')
    }
  })

  it('is refused from both sides at once: the host begins none', () => {
    const pair = wire(0).pair
    expect(take(pair, pair.alice, helloOf(pair))).to.equal('ERR_RECORD_MALFORMED')
  })

  it('is refused before the one before it is settled', () => {
    const { pair } = wire(1)
    expect(take(pair, pair.bob, helloOf(pair, true))).to.equal('ERR_RECORD_MALFORMED')
    const trying = new RenewingPair()
    trying.after(RENEW_EVERY_MS, trying.alice)
    trying.learn(trying.alice, { $case: 'unreachable' })
    trying.settle()
    expect(take(trying, trying.bob, helloOf(trying))).to.equal('ERR_RECORD_MALFORMED')
    expect(take(trying, trying.bob, SWITCH)).to.equal('ERR_RECORD_MALFORMED')
  })

  it('is refused as a second answer', () => {
    const { pair } = wire(1)
    pair.receive(pair.alice)
    for (const control of [WELCOME, REFUSAL]) expect(take(pair, pair.alice, control)).to.equal('ERR_RECORD_MALFORMED')
  })

  it('still lets a Close be said, and changes no keys', () => {
    const pair = new RenewingPair()
    take(pair, pair.bob, SWITCH)
    pair.bob.channel.stop()
    pair.bob.outbox.push(99n)
    pair.settle()
    expect(pair.alice.received).to.deep.equal([99n])
  })

  it('of an earlier epoch is refused, and ends the channel where it had no ticket', () => {
    const pair = new RenewingPair()
    const early = helloOf(pair)
    pair.renew()
    expect(take(pair, pair.bob, early)).to.equal('none')
    expect(pair.after(0, pair.bob)).to.equal('tryServices')
    const unreachable = { $case: 'unreachable' } as const
    expect(codeOf(() => pair.learn(pair.bob, unreachable))).to.equal('ERR_DECRYPT')
    expect(codeOf(() => pair.send(pair.bob))).to.equal('ERR_DECRYPT')
  })

  it('of an earlier epoch is refused where it had a ticket, which is used', () => {
    const pair = new RenewingPair()
    pair.after(RENEW_EVERY_MS, pair.alice)
    pair.learn(pair.alice, pair.issue())
    pair.send(pair.alice)
    const said = pair.receive(pair.bob)?.control
    pair.settle()
    expect(said?.$case).to.equal('renewHello')
    expect(take(pair, pair.bob, said as Control)).to.equal('none')
    expect(pair.refusals).to.deep.equal(['ERR_TICKET_REPLAYED'])
    // Unseen this time, for it comes at once after a refusal.
    pair.send(pair.bob)
    expect(take(pair, pair.bob, helloOf(pair, true))).to.equal('none')
    expect(pair.refusals).to.deep.equal(['ERR_TICKET_REPLAYED', 'ERR_HELLO_REFUSED'])
    pair.send(pair.bob)
    pair.clock.advance(RENEW_RETRY_MS / 2)
    expect(take(pair, pair.bob, helloOf(pair, true))).to.equal('ERR_DECRYPT')
  })

  it('is reported once for as long as it comes too soon after a refusal, however often that is', () => {
    const pair = new RenewingPair()
    const stale = { issuedAtMs: 0, expiresAtMs: TICKET_LIFETIME_MS }
    const begin = (ticket: Partial<Ticket> = {}) => {
      expect(take(pair, pair.bob, helloOf(pair, true, ticket))).to.equal('none')
      pair.send(pair.bob)
    }
    for (let deaf = 1; deaf <= 2; deaf += 1) {
      begin(stale)
      for (let time = 0; time < 3; time += 1) begin()
      expect(pair.refusals).to.deep.equal(
        Array.from({ length: deaf }, () => ['ERR_TICKET_EXPIRED', 'ERR_HELLO_REFUSED']).flat(),
      )
      pair.clock.advance(RENEW_RETRY_MS / 2)
    }
  })
})

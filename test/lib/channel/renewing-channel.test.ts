import { expect } from 'chai'
import fc from 'fast-check'
import { RENEW_EVERY_MS, RENEW_RETRY_MS } from '#lib/channel/channel-times.ts'
import { encodeRecordBody } from '#lib/delivery/record-body.ts'
import { REKEY_INTERVAL } from '#lib/noise/transport.ts'
import { codeOf } from '../../support/code-of.ts'
import { assertProperty } from '../../support/property.ts'
import { RenewingPair, type Side } from '../../support/renewing-pair.ts'

const WORD = encodeRecordBody(undefined, { acknowledged: 1n })
const UNREACHABLE = { $case: 'unreachable' } as const
const silence = () => UNREACHABLE
const HOUR_MS = 60 * 60_000

/** How often each side has renewed. */
const renewals = ({ alice, bob }: RenewingPair): number[] => [alice.renewals, bob.renewals]

/** What both sides say next, and the other hears: they are in agreement. */
function expectTalk(pair: RenewingPair): void {
  const before = [pair.alice.received.length, pair.bob.received.length]
  pair.alice.outbox.push(7n)
  pair.bob.outbox.push(7n)
  pair.settle()
  expect([pair.alice.received.length, pair.bob.received.length]).to.deep.equal(before.map((count) => count + 1))
}

/** A pair in mid-renewal: Alice has her ticket, and nothing is said yet. */
function renewing(): RenewingPair {
  const pair = new RenewingPair()
  pair.after(RENEW_EVERY_MS, pair.alice)
  pair.learn(pair.alice, pair.issue())
  return pair
}

describe('RenewingChannel', () => {
  it('asks for a ticket every 15 minutes, once, and only as the opener', () => {
    const pair = new RenewingPair()
    expect(pair.after(RENEW_EVERY_MS - 1, pair.alice)).to.equal(undefined)
    expect(pair.after(1, pair.alice)).to.equal('askForTicket')
    expect(pair.after(1, pair.alice)).to.equal(undefined)
    expect(pair.after(0, pair.bob)).to.equal(undefined)
    pair.learn(pair.alice, pair.issue())
    pair.settle()
    expect(renewals(pair)).to.deep.equal([1, 1])
    expect(pair.after(RENEW_EVERY_MS - 1, pair.alice)).to.equal(undefined)
    expect(pair.after(1, pair.alice)).to.equal('askForTicket')
  })

  it('goes on under new keys after a renewal with a ticket, and after one without', () => {
    const pair = new RenewingPair()
    const issued = () => pair.issue()
    for (const [index, word] of [issued, silence, silence, issued].entries()) {
      pair.renew(word)
      expect(renewals(pair)).to.deep.equal([index + 1, index + 1])
      expectTalk(pair)
    }
  })

  it('renews well before a short maximum session duration is over', () => {
    const pair = new RenewingPair({ maxSessionDurationMs: 60_000 })
    expect(pair.after(30_000, pair.alice)).to.equal('askForTicket')
  })

  it('says each of its records alone, and before what else there is to say', () => {
    const pair = renewing()
    pair.alice.outbox.push(1n)
    expect(pair.send(pair.alice)).to.not.equal(undefined)
    expect(pair.receive(pair.bob)?.control?.$case).to.equal('renewHello')
    expect(pair.alice.outbox).to.deep.equal([1n])
    pair.bob.outbox.push(2n)
    pair.send(pair.bob)
    expect(pair.receive(pair.alice)?.control?.$case).to.equal('renewWelcome')
    pair.send(pair.alice)
    expect(pair.receive(pair.bob)?.control?.$case).to.equal('renewSwitch')
  })

  it('opens what was under way on either side when the keys changed', () => {
    const pair = renewing()
    const { alice, bob } = pair
    const say = (side: Side, number: bigint): void => {
      side.outbox.push(number)
      pair.send(side)
    }
    pair.send(alice) // Hello
    for (const number of [1n, 2n]) say(alice, number)
    for (const number of [1n, 2n]) say(bob, number)
    pair.receive(bob)
    pair.send(bob) // Welcome
    for (const number of [3n, 4n]) say(bob, number) // under the new keys
    for (const number of [3n, 4n]) say(alice, number) // under the old: Alice has not heard the Welcome
    pair.settle()
    expect([alice.received, bob.received]).to.deep.equal([
      [1n, 2n, 3n, 4n],
      [1n, 2n, 3n, 4n],
    ])
    expect(renewals(pair)).to.deep.equal([1, 1])
    expectTalk(pair)
  })

  it('loses nothing, whatever the order in which records are said and heard', () => {
    const step = fc.constantFrom(
      'alice says',
      'bob says',
      'alice hears',
      'bob hears',
      'alice sends',
      'bob sends',
      'due',
    )
    const run = fc.tuple(
      fc.array(step, { minLength: 60, maxLength: 120 }),
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
    )
    let renewed = 0
    assertProperty(
      fc.property(run, ([steps, outages]) => {
        const pair = new RenewingPair({ times: { renewEveryMs: 1_000 } })
        const said = { alice: 0n, bob: 0n }
        for (const [index, each] of steps.entries()) {
          const [name = '', verb] = each.split(' ')
          const side = name === 'bob' ? pair.bob : pair.alice
          if (verb === 'says') side.outbox.push(++said[name as 'alice' | 'bob'])
          else if (verb === 'sends') pair.send(side)
          else if (verb === 'hears') pair.receive(side)
          else pair.clock.advance(1_000)
          const isOutage = outages[index % outages.length] === true
          if (pair.after(0, pair.alice) === 'askForTicket')
            pair.learn(pair.alice, isOutage ? UNREACHABLE : pair.issue())
          if (pair.after(0, pair.bob) === 'tryServices') pair.learn(pair.bob, UNREACHABLE)
        }
        pair.settle()
        if (pair.after(0, pair.bob) === 'tryServices') pair.learn(pair.bob, UNREACHABLE)
        pair.settle()
        const numbers = (last: bigint): bigint[] =>
          Array.from({ length: Number(last) }, (_, index) => BigInt(index + 1))
        expect(pair.bob.received).to.deep.equal(numbers(said.alice))
        expect(pair.alice.received).to.deep.equal(numbers(said.bob))
        expect(pair.alice.renewals).to.equal(pair.bob.renewals)
        expect(pair.refusals).to.deep.equal([])
        renewed += pair.alice.renewals
      }),
      4,
    )
    expect(renewed).to.be.greaterThan(20)
  }).timeout(20_000)

  it('renews between, before and after the records at which a key is renewed by itself', () => {
    const pair = new RenewingPair()
    for (const count of [REKEY_INTERVAL - 1, 1, REKEY_INTERVAL + 1, 2 * REKEY_INTERVAL]) {
      for (let number = 1; number <= count; number += 1) pair.alice.outbox.push(BigInt(number))
      pair.bob.outbox.push(...pair.alice.outbox)
      pair.settle()
      pair.renew()
    }
    const total = 4 * REKEY_INTERVAL + 1
    expect([pair.alice.received.length, pair.bob.received.length]).to.deep.equal([total, total])
    expect(renewals(pair)).to.deep.equal([4, 4])
  })
})

describe('the old keys of a RenewingChannel', () => {
  it('open nothing any more at the host once it has the RenewSwitch', () => {
    const pair = renewing()
    pair.settle()
    expect(codeOf(() => pair.bob.channel.open(pair.alice.first.seal(WORD)))).to.equal('ERR_DECRYPT')
    expect(codeOf(() => pair.send(pair.bob))).to.equal('ERR_DECRYPT')
  })

  it('open nothing any more at the opener once it has the Welcome', () => {
    const pair = renewing()
    pair.send(pair.alice)
    pair.receive(pair.bob)
    pair.send(pair.bob)
    pair.receive(pair.alice)
    expect(codeOf(() => pair.alice.channel.open(pair.bob.first.seal(WORD)))).to.equal('ERR_DECRYPT')
    expect(codeOf(() => pair.send(pair.alice))).to.equal('ERR_DECRYPT')
  })

  it('do not open what is sealed under the new ones', () => {
    const pair = renewing()
    pair.settle()
    pair.alice.outbox.push(1n)
    const record = pair.send(pair.alice)?.record ?? WORD
    expect(codeOf(() => pair.bob.first.open(record))).to.equal('ERR_DECRYPT')
  })
})

describe('a RenewingChannel without reachable services', () => {
  const asking = (): RenewingPair => {
    const pair = new RenewingPair()
    pair.after(RENEW_EVERY_MS, pair.alice)
    pair.learn(pair.alice, UNREACHABLE)
    pair.settle()
    return pair
  }

  it('lets the host try them before it answers, and talks on meanwhile', () => {
    const pair = asking()
    expectTalk(pair)
    expect(pair.after(0, pair.bob)).to.equal('tryServices')
    expect(pair.after(0, pair.bob)).to.equal(undefined)
    expectTalk(pair)
    expect(renewals(pair)).to.deep.equal([0, 0])
    pair.learn(pair.bob, UNREACHABLE)
    pair.settle()
    expect(renewals(pair)).to.deep.equal([1, 1])
  })

  it('is not renewed if they answer the host; the opener tries again a minute later', () => {
    const pair = asking()
    pair.after(0, pair.bob)
    pair.learn(pair.bob, { $case: 'reachable' })
    pair.settle()
    expect(renewals(pair)).to.deep.equal([0, 0])
    expect(pair.refusals).to.deep.equal(['ERR_HELLO_REFUSED'])
    expectTalk(pair)
    expect(pair.after(RENEW_RETRY_MS - 1, pair.alice)).to.equal(undefined)
    expect(pair.after(1, pair.alice)).to.equal('askForTicket')
    pair.learn(pair.alice, pair.issue())
    pair.settle()
    expect(renewals(pair)).to.deep.equal([1, 1])
  })

  it('closes if they refuse the host', () => {
    const pair = asking()
    pair.after(0, pair.bob)
    pair.learn(pair.bob, { $case: 'refused' })
    expect(pair.after(0, pair.bob)).to.equal('close')
    expect(pair.after(0, pair.bob)).to.equal(undefined)
  })

  it('lasts until the maximum session duration of the last ticket is over, on both sides', () => {
    const pair = new RenewingPair({ maxSessionDurationMs: 2 * HOUR_MS })
    for (let quarter = 1; quarter < 8; quarter += 1) {
      expect(pair.after(0, pair.alice)).to.equal(undefined)
      pair.renew(silence)
    }
    expect(renewals(pair)).to.deep.equal([7, 7])
    expect(pair.after(RENEW_EVERY_MS - 1, pair.bob)).to.equal(undefined)
    expect(pair.after(1, pair.alice)).to.equal('close')
    expect(pair.after(0, pair.bob)).to.equal('close')
  })

  it('lasts on from a renewal with a ticket, for as long as that one allows', () => {
    const pair = new RenewingPair({ maxSessionDurationMs: HOUR_MS })
    pair.renew(() =>
      pair.issue({ ticket: { maxSessionDurationMs: 2 * HOUR_MS }, grant: { maxSessionDurationMs: 2 * HOUR_MS } }),
    )
    for (let quarter = 1; quarter < 8; quarter += 1) pair.renew(silence)
    expect(renewals(pair)).to.deep.equal([8, 8])
    expect(pair.after(RENEW_EVERY_MS, pair.alice)).to.equal('close')
    expect(pair.after(0, pair.bob)).to.equal('close')
  })

  it('is refused by a host for whom the maximum session duration is over, though the opener goes on', () => {
    const pair = new RenewingPair({ maxSessionDurationMs: HOUR_MS })
    pair.renew(() =>
      pair.issue({ ticket: { maxSessionDurationMs: RENEW_EVERY_MS }, grant: { maxSessionDurationMs: HOUR_MS } }),
    )
    pair.renew(silence)
    expect(renewals(pair)).to.deep.equal([1, 1])
    expect(pair.refusals).to.deep.equal(['ERR_HELLO_REFUSED'])
    expect(pair.after(0, pair.bob)).to.equal('close')
  })
})

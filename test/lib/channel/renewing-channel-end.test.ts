import { expect } from 'chai'
import { CHANNEL_TIMES, RENEW_EVERY_MS, RENEW_RETRY_MS, RENEW_WITHIN_MS } from '#lib/channel/channel-times.ts'
import { bytesOf, keyPairOf } from '../../support/random.ts'
import { RenewingPair, type Side } from '../../support/renewing-pair.ts'

/** How often each side has renewed. */
const renewals = ({ alice, bob }: RenewingPair): number[] => [alice.renewals, bob.renewals]

/** A pair in mid-renewal: Alice has her ticket, and nothing is said yet. */
function renewing(): RenewingPair {
  const pair = new RenewingPair()
  pair.after(RENEW_EVERY_MS, pair.alice)
  pair.learn(pair.alice, pair.issue())
  return pair
}

describe('the end of a RenewingChannel', () => {
  it('comes after 60 minutes without a renewal, on both sides', () => {
    const pair = new RenewingPair()
    pair.renew()
    for (const side of [pair.alice, pair.bob]) expect(pair.after(0, side)).to.equal(undefined)
    pair.after(RENEW_WITHIN_MS - 1, pair.alice)
    expect(pair.after(0, pair.bob)).to.equal(undefined)
    expect(pair.after(1, pair.bob)).to.equal('close')
    expect(pair.after(0, pair.alice)).to.equal('close')
  })

  it('comes at once if the services refuse the opener', () => {
    const pair = new RenewingPair()
    pair.after(RENEW_EVERY_MS, pair.alice)
    pair.learn(pair.alice, { $case: 'refused' })
    expect(pair.channelDue(pair.alice)).to.equal(Number.NEGATIVE_INFINITY)
    expect(pair.after(0, pair.alice)).to.equal('close')
    expect(pair.after(0, pair.alice)).to.equal(undefined)
  })

  it('comes when the receiver is not online twice, a minute apart', () => {
    const pair = new RenewingPair()
    pair.after(RENEW_EVERY_MS, pair.alice)
    pair.learn(pair.alice, { $case: 'absent' })
    expect(pair.after(RENEW_RETRY_MS - 1, pair.alice)).to.equal(undefined)
    expect(pair.after(1, pair.alice)).to.equal('askForTicket')
    pair.learn(pair.alice, { $case: 'absent' })
    expect(pair.after(0, pair.alice)).to.equal('close')
  })

  it('does not come when the receiver was away and is back', () => {
    const pair = new RenewingPair()
    for (let round = 1; round <= 2; round += 1) {
      pair.after(RENEW_EVERY_MS, pair.alice)
      pair.learn(pair.alice, { $case: 'absent' })
      pair.after(RENEW_RETRY_MS, pair.alice)
      pair.learn(pair.alice, pair.issue())
      pair.settle()
      expect(renewals(pair)).to.deep.equal([round, round])
    }
  })

  for (const [what, grant] of [
    ['another identity key', { receiverIdentityKey: keyPairOf('another').publicKey }],
    ['another start of the receiver', { receiverInstanceId: bytesOf('another instance id', 16) }],
    ['another name', { receiverName: 'bobby' }],
  ] as const) {
    it(`comes when the services mean ${what} by now, and nothing of it is said`, () => {
      const pair = new RenewingPair()
      pair.after(RENEW_EVERY_MS, pair.alice)
      pair.learn(pair.alice, pair.issue({ grant }))
      pair.send(pair.alice)
      expect(pair.receive(pair.bob)?.control?.$case).to.equal('ping')
      expect(pair.send(pair.alice)).to.equal(undefined)
      expect(pair.after(0, pair.alice)).to.equal('close')
    })
  }

  it('leaves nothing due, said or answered but what the owner says', () => {
    const pair = renewing()
    pair.alice.channel.stop()
    expect(pair.channelDue(pair.alice)).to.equal(Number.POSITIVE_INFINITY)
    expect(pair.after(RENEW_WITHIN_MS, pair.alice)).to.equal(undefined)
    expect(pair.send(pair.alice)).to.equal(undefined)
    pair.alice.outbox.push(1n)
    pair.settle()
    expect(pair.bob.received).to.deep.equal([1n])
  })
})

describe('a Close in the middle of a renewal', () => {
  /** The number stands for Close: the last that a side says. */
  const close = (side: Side): void => {
    side.channel.stop()
    side.outbox.push(99n)
  }
  const stages: Record<string, (pair: RenewingPair) => void> = {
    'before the Hello is said': () => undefined,
    'while the Hello is on its way': (pair) => void pair.send(pair.alice),
    'when the Hello is heard': (pair) => {
      pair.send(pair.alice)
      pair.receive(pair.bob)
    },
    'while the Welcome is on its way': (pair) => {
      pair.send(pair.alice)
      pair.receive(pair.bob)
      pair.send(pair.bob)
    },
    'when the Welcome is heard': (pair) => {
      pair.send(pair.alice)
      pair.receive(pair.bob)
      pair.send(pair.bob)
      pair.receive(pair.alice)
    },
    'while the RenewSwitch is on its way': (pair) => {
      pair.send(pair.alice)
      pair.receive(pair.bob)
      pair.send(pair.bob)
      pair.receive(pair.alice)
      pair.send(pair.alice)
    },
  }
  for (const [stage, reach] of Object.entries(stages)) {
    for (const first of ['alice', 'bob', 'both'] as const) {
      it(`is heard on both sides, ${stage}, said first by ${first}`, () => {
        const pair = renewing()
        reach(pair)
        if (first !== 'bob') close(pair.alice)
        if (first !== 'alice') close(pair.bob)
        pair.settle()
        if (first === 'alice') close(pair.bob)
        if (first === 'bob') close(pair.alice)
        pair.settle()
        expect([pair.alice.received, pair.bob.received]).to.deep.equal([[99n], [99n]])
      })
    }
  }
})

describe('CHANNEL_TIMES', () => {
  it('leave four attempts before a channel ends, and three signs of life before it counts as cut', () => {
    expect(CHANNEL_TIMES.renewWithinMs / CHANNEL_TIMES.renewEveryMs).to.equal(4)
    expect(CHANNEL_TIMES.silenceLimitMs / CHANNEL_TIMES.pingAfterMs).to.equal(3)
  })
})

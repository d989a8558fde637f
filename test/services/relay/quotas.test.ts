import { expect } from 'chai'
import { MESSAGE_BYTES, Quotas } from '../../../services/relay/quotas.ts'
import { rejection } from '../../support/rejection.ts'

const RATE = 64 * 1024

describe('Quotas', () => {
  let nowMs = 0
  const quotas = (conversations = 9) =>
    new Quotas({ conversations, bytesPerSecond: RATE }, { monotonicMs: () => nowMs })

  it('take what comes in a second at once, and have who sends more wait for it', () => {
    const share = quotas().begin('alice')
    expect(share.spend(RATE - MESSAGE_BYTES)).to.equal(0)
    expect(share.spend(RATE / 2 - MESSAGE_BYTES)).to.equal(500)
    nowMs += 500
    expect(share.spend(RATE / 4 - MESSAGE_BYTES)).to.equal(250)
    // No more is saved up than comes in a second.
    nowMs += 1e9
    expect(share.spend(2 * RATE - MESSAGE_BYTES)).to.equal(1_000)
  })

  it('count a message for more than its bytes, so that small ones are no way round', () => {
    const share = quotas().begin('alice')
    const free = RATE / MESSAGE_BYTES
    for (let n = 0; n < free; n += 1) expect(share.spend(0)).to.equal(0)
    expect(share.spend(0)).to.equal((MESSAGE_BYTES / RATE) * 1_000)
  })

  it('are those of an account over all its conversations, and of nobody else', () => {
    const all = quotas()
    const shares = [all.begin('alice'), all.begin('alice')]
    for (const share of shares) share.spend(RATE - MESSAGE_BYTES)
    expect(shares[0]?.spend(0)).to.be.above(1_000)
    expect(all.begin('bob').spend(0)).to.equal(0)
  })

  it('are not renewed by another conversation', () => {
    const all = quotas()
    for (let n = 0; n < 3; n += 1) {
      const share = all.begin('alice')
      expect(share.spend(RATE - MESSAGE_BYTES)).to.equal(n * 1_000)
      share[Symbol.dispose]()
    }
    expect(all.begin('bob').spend(RATE - MESSAGE_BYTES)).to.equal(0)
    nowMs += 3_000
    expect(all.begin('alice').spend(RATE - MESSAGE_BYTES)).to.equal(0)
  })

  it('let an account have so many conversations, and say when to try again', async () => {
    const all = quotas(2)
    const first = all.begin('alice')
    all.begin('alice')
    const error = await rejection(Promise.try(() => all.begin('alice')))
    expect([error.code, error.retryAfterMs]).to.deep.equal(['ERR_BUSY', 10_000])
    all.begin('bob')
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    all.begin('alice')
    expect((await rejection(Promise.try(() => all.begin('alice')))).code).to.equal('ERR_BUSY')
  })
})

import { expect } from 'chai'
import { RENEW_RETRY_MS } from '#lib/channel/channel-times.ts'
import { SottoError } from '#lib/errors.ts'
import { Backoff, inTurn, LONGEST_ASKED_MS } from '../../../clients/session/backoff.ts'
import { rejection } from '../../support/rejection.ts'

describe('Backoff', () => {
  it('doubles up to its limit, and begins again when reset', () => {
    const backoff = new Backoff({ firstMs: 100, longestMs: 500, random: () => 1 })
    expect([1, 2, 3, 4, 5].map(() => backoff.nextMs())).to.deep.equal([100, 200, 400, 500, 500])
    backoff.reset()
    expect(backoff.nextMs()).to.equal(100)
  })

  it('waits at least half as long, by chance', () => {
    expect(new Backoff({ firstMs: 100, longestMs: 500, random: () => 0 }).nextMs()).to.equal(50)
  })

  const busy = (retryAfterMs: number) => new SottoError('ERR_BUSY', 'busy', { retryAfterMs })

  it('waits as long as the other end asks, and no longer than a minute on its word', () => {
    const backoff = new Backoff({ firstMs: 100, longestMs: 500, random: () => 0 })
    const waits = [busy(30_000), busy(3_600_000), busy(1), new Error('a fault'), undefined]
    expect(waits.map((failure) => backoff.nextMs(failure))).to.deep.equal([30_000, 60_000, 200, 250, 250])
  })

  it('waits a little longer than that by chance: others are asked the same', () => {
    const backoff = new Backoff({ firstMs: 100, longestMs: 500, random: () => 0.5 })
    expect([busy(8_000), busy(3_600_000)].map((failure) => backoff.nextMs(failure))).to.deep.equal([9_000, 60_000])
  })

  it('asks nobody to wait longer than a conversation does before it asks the services for new keys again', () => {
    expect(RENEW_RETRY_MS).to.be.at.least(LONGEST_ASKED_MS)
  })

  it('stops waiting when told to, with the reason it was told', async () => {
    const abort = new AbortController()
    const waiting = new Backoff({ firstMs: 60_000, longestMs: 60_000 }).wait(abort.signal)
    const reason = new Error('enough')
    abort.abort(reason)
    expect(await waiting.catch((thrown: unknown) => thrown)).to.equal(reason)
  })
})

describe('inTurn', () => {
  /** How often a call is made that the service always asks to make again after this time. */
  async function countCalls(retryAfterMs: number): Promise<number> {
    let calls = 0
    const busy = async () => {
      calls += 1
      throw new SottoError('ERR_BUSY', 'busy', { retryAfterMs })
    }
    const { code } = await rejection(inTurn(busy, new AbortController().signal))
    expect(code).to.equal('ERR_BUSY')
    return calls
  }

  it('calls again when the service asks for it, and never before', async () => {
    expect(await countCalls(1)).to.equal(3)
    expect(await countCalls(LONGEST_ASKED_MS + 1)).to.equal(1)
  })
})

import { expect } from 'chai'
import { Backoff } from '../../../clients/session/backoff.ts'

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

  it('stops waiting when told to, with the reason it was told', async () => {
    const abort = new AbortController()
    const waiting = new Backoff({ firstMs: 60_000, longestMs: 60_000 }).wait(abort.signal)
    const reason = new Error('enough')
    abort.abort(reason)
    expect(await waiting.catch((thrown: unknown) => thrown)).to.equal(reason)
  })
})

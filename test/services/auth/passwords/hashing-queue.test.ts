import { expect } from 'chai'
import { isSottoError } from '#lib/errors.ts'
import { HashingQueue } from '../../../../services/auth/passwords/hashing-queue.ts'
import { rejection } from '../../../support/rejection.ts'

describe('HashingQueue', () => {
  /** A hash that is done when the test says so. */
  function pending() {
    const gate = Promise.withResolvers<string>()
    let began = false
    const run = () => {
      began = true
      return gate.promise
    }
    return { run, finish: gate.resolve, fail: gate.reject, hasBegun: () => began }
  }

  it('begins as many as may run at once, and the next as each ends, in order', async () => {
    const queue = new HashingQueue({ concurrency: 2, capacity: 2 })
    const hashes = [pending(), pending(), pending(), pending()]
    const results = hashes.map((hash) => queue.run(hash.run))
    expect(hashes.map((hash) => hash.hasBegun())).to.deep.equal([true, true, false, false])
    hashes[1]?.finish('second')
    expect(await results[1]).to.equal('second')
    await Promise.resolve()
    expect(hashes.map((hash) => hash.hasBegun())).to.deep.equal([true, true, true, false])
    for (const [index, hash] of hashes.entries()) hash.finish(String(index))
    expect(await Promise.all(results)).to.deep.equal(['0', 'second', '2', '3'])
  })

  it('refuses at once what is over its bound, and says when to come back', async () => {
    const queue = new HashingQueue({ concurrency: 1, capacity: 3 })
    const hashes = [pending(), pending(), pending(), pending()]
    const results = hashes.map((hash) => queue.run(hash.run))
    const over = pending()
    const refused = await rejection(queue.run(over.run))
    expect(refused.code).to.equal('ERR_BUSY')
    expect(refused.retryAfterMs).to.be.greaterThan(0)
    expect(over.hasBegun()).to.equal(false)
    for (const hash of hashes) hash.finish('done')
    await Promise.all(results)
    expect(await queue.run(async () => 'room again')).to.equal('room again')
  })

  it('lets networks take turns, however much one of them asks for', async () => {
    const queue = new HashingQueue({ concurrency: 1, capacity: 10 })
    const order: string[] = []
    const hash = (what: string, network: string) => queue.run(async () => void order.push(what), { network })
    const crowd = Array.from({ length: 6 }, (_, index) => hash(`guess ${index}`, 'crowd'))
    await Promise.all([...crowd, hash('alice', 'home'), hash('bob', 'office')])
    expect(order.slice(0, 4)).to.deep.equal(['guess 0', 'guess 1', 'alice', 'bob'])
    expect(order).to.have.length(8)
  })

  it('has the network that has most in a full queue make room, by its newest', async () => {
    const queue = new HashingQueue({ concurrency: 1, capacity: 4 })
    const running = pending()
    const first = queue.run(running.run, { network: 'crowd' })
    const crowd = Array.from({ length: 4 }, () => queue.run(async () => 'guess', { network: 'crowd' }))
    const alice = queue.run(async () => 'alice', { network: 'home' })
    expect((await rejection(crowd[3] as Promise<string>)).code).to.equal('ERR_BUSY')
    // Nobody has more than another has by then: whoever comes late is refused, of whichever network.
    const bob = queue.run(async () => 'bob', { network: 'home' })
    expect((await rejection(crowd[2] as Promise<string>)).code).to.equal('ERR_BUSY')
    const refused = rejection(queue.run(async () => 'carol', { network: 'home' }))
    expect((await refused).code).to.equal('ERR_BUSY')
    running.finish('done')
    expect(await Promise.all([first, crowd[0], crowd[1], alice, bob])).to.deep.equal([
      'done',
      'guess',
      'guess',
      'alice',
      'bob',
    ])
  })

  it('goes on after a hash that fails', async () => {
    const queue = new HashingQueue({ concurrency: 1, capacity: 1 })
    const failing = pending()
    const first = queue.run(failing.run)
    const second = queue.run(async () => 'fine')
    failing.fail(new TypeError('out of memory'))
    expect(await first.catch((error: unknown) => (error as Error).name)).to.equal('TypeError')
    expect(await second).to.equal('fine')
  })

  it('spends nothing on a caller who has gone before his turn', async () => {
    const queue = new HashingQueue({ concurrency: 1, capacity: 2 })
    const [running, gone, next] = [pending(), pending(), pending()]
    const caller = new AbortController()
    const results = [queue.run(running.run), queue.run(gone.run, { signal: caller.signal }), queue.run(next.run)]
    caller.abort(new Error('gone'))
    running.finish('')
    next.finish('next')
    expect(await results[2]).to.equal('next')
    expect(gone.hasBegun()).to.equal(false)
    expect(await results[1]?.catch((error: unknown) => isSottoError(error))).to.equal(false)
  })
})

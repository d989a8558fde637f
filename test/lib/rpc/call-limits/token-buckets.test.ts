import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { BUCKET_BYTES, TokenBuckets } from '#lib/rpc/call-limits/token-buckets.ts'

const RATE = { perSecond: 10, burst: 5 }
const INTERVAL_MS = 100

describe('TokenBuckets', () => {
  let nowMs = 0
  const buckets = (places = 1_000) => new TokenBuckets(places * BUCKET_BYTES, () => nowMs)

  beforeEach(() => {
    nowMs = 1_000_000
  })

  it('give several at once or none, and say when there are enough', () => {
    let nowMs = 0
    const buckets = new TokenBuckets(1_024, () => nowMs)
    const rate = { perSecond: 10, burst: 8 }
    expect(buckets.take('a', rate, 6)).to.equal(undefined)
    expect(buckets.take('a', rate, 5)).to.be.closeTo(300, 0.001)
    nowMs += 300
    expect(buckets.take('a', rate, 5)).to.equal(undefined)
    expect(buckets.take('a', rate)).to.be.closeTo(100, 0.001)
  })

  it('give as many at once as a burst has, and then say when the next is there', () => {
    const under = buckets()
    for (let taken = 0; taken < RATE.burst; taken += 1) expect(under.take('a', RATE)).to.equal(undefined)
    expect(under.take('a', RATE)).to.equal(INTERVAL_MS)
    nowMs += INTERVAL_MS - 1
    expect(under.take('a', RATE)).to.equal(1)
    nowMs += 1
    expect(under.take('a', RATE)).to.equal(undefined)
    expect(under.take('a', RATE)).to.equal(INTERVAL_MS)
  })

  it('take nothing for what they refuse', () => {
    const under = buckets()
    for (let asked = 0; asked < 1_000; asked += 1) under.take('a', RATE)
    nowMs += INTERVAL_MS
    expect(under.take('a', RATE)).to.equal(undefined)
  })

  it('are full again after a while, and never fuller', () => {
    const under = buckets()
    under.take('a', RATE)
    nowMs += 3_600_000
    for (let taken = 0; taken < RATE.burst; taken += 1) expect(under.take('a', RATE)).to.equal(undefined)
    expect(under.take('a', RATE)).to.equal(INTERVAL_MS)
  })

  it('give exactly their rate for a day, whatever fraction an interval is', () => {
    for (const perSecond of [3, 7, 0.3, 1_000]) {
      const under = buckets()
      const rate = { perSecond, burst: 1 }
      expect(under.take('a', rate)).to.equal(undefined)
      for (let asked = 0; asked < 10_000; asked += 1) {
        nowMs += 1_000 / perSecond
        expect(under.take('a', rate), `${perSecond}, ${asked}`).to.equal(undefined)
      }
      expect(under.take('a', rate)).to.be.greaterThan(0)
    }
  })

  it('know one key from another', () => {
    const under = buckets()
    for (let taken = 0; taken < RATE.burst; taken += 1) under.take('a', RATE)
    expect(under.take('a', RATE)).to.be.greaterThan(0)
    expect(under.take('b', RATE)).to.equal(undefined)
  })

  it('go when they are full', () => {
    const under = buckets()
    for (let key = 0; key < 100; key += 1) under.take(`${key}`, RATE)
    expect(under.sizeForTest).to.equal(100)
    nowMs += INTERVAL_MS
    for (let key = 100; key < 150; key += 1) under.take(`${key}`, RATE)
    expect(under.sizeForTest).to.equal(50)
  })

  it('are no more than there is memory for: the one that was used longest ago goes', () => {
    const under = buckets(100)
    for (let taken = 0; taken < RATE.burst; taken += 1) under.take('guesser', RATE)
    for (let key = 0; key < 99; key += 1) under.take(`${key}`, RATE)
    expect(under.take('guesser', RATE)).to.be.greaterThan(0)
    for (let key = 99; key < 10_000; key += 1) under.take(`${key}`, RATE)
    expect(under.sizeForTest).to.be.at.most(100)
    // It is forgotten: whoever has so many addresses has as many buckets.
    expect(under.take('guesser', RATE)).to.equal(undefined)
  })

  it('take no more memory than is reckoned for each', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const [count, kept] = [20_000, [] as TokenBuckets[]]
    const keys = Array.from({ length: count }, (_, n) => `/sotto.directory.v1.DirectoryService/WatchPresence ${n}`)
    const heap = () => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const before = heap()
    const under = buckets(2 * count)
    for (const key of keys) under.take(`${key}${'x'.repeat(50)}`, RATE)
    kept.push(under)
    expect((heap() - before) / count).to.be.below(BUCKET_BYTES)
    expect(kept[0]?.sizeForTest).to.equal(count)
  })
})

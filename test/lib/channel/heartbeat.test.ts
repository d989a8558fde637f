import { expect } from 'chai'
import { PING_AFTER_MS, SILENCE_LIMIT_MS } from '#lib/channel/channel-times.ts'
import { Heartbeat } from '#lib/channel/heartbeat.ts'
import { RenewingPair } from '../../support/renewing-pair.ts'

const TIMES = { pingAfterMs: PING_AFTER_MS, silenceLimitMs: SILENCE_LIMIT_MS }

/** Ask as often as it wants to be asked, until a moment; returns when it counted as cut. */
function watch(heartbeat: Heartbeat, fromMs: number, untilMs: number): number | undefined {
  for (let nowMs = fromMs; nowMs < untilMs; nowMs = heartbeat.dueAtMs(nowMs)) {
    if (heartbeat.isCut(nowMs)) return nowMs
    if (heartbeat.isDue(nowMs)) heartbeat.sent(nowMs)
  }
  return undefined
}

describe('Heartbeat', () => {
  it('is due 10 seconds after the last thing said, whatever was heard', () => {
    const heartbeat = new Heartbeat(TIMES, 0)
    heartbeat.received()
    expect(heartbeat.isDue(PING_AFTER_MS - 1)).to.equal(false)
    expect(heartbeat.isDue(PING_AFTER_MS)).to.equal(true)
    expect(heartbeat.dueAtMs(0)).to.equal(PING_AFTER_MS)
    heartbeat.sent(PING_AFTER_MS)
    expect(heartbeat.isDue(2 * PING_AFTER_MS - 1)).to.equal(false)
  })

  it('counts a channel as cut after 30 seconds of listening to nothing', () => {
    const heartbeat = new Heartbeat(TIMES, 0)
    heartbeat.listen(5_000)
    heartbeat.listen(6_000)
    expect(watch(heartbeat, 5_000, 100_000)).to.equal(5_000 + SILENCE_LIMIT_MS)
  })

  it('begins to count anew with everything that comes', () => {
    const heartbeat = new Heartbeat(TIMES, 0)
    heartbeat.listen(0)
    expect(watch(heartbeat, 0, SILENCE_LIMIT_MS)).to.equal(undefined)
    heartbeat.received()
    heartbeat.listen(SILENCE_LIMIT_MS)
    expect(watch(heartbeat, SILENCE_LIMIT_MS, 100_000)).to.equal(2 * SILENCE_LIMIT_MS)
  })

  it('does not count while this side is busy with what came', () => {
    const heartbeat = new Heartbeat(TIMES, 0)
    heartbeat.listen(0)
    heartbeat.received()
    expect(watch(heartbeat, 0, 500_000)).to.equal(undefined)
  })

  it('does not count the time in which this process was stopped', () => {
    const heartbeat = new Heartbeat(TIMES, 0)
    heartbeat.listen(0)
    expect(heartbeat.isCut(0)).to.equal(false)
    const wokenAtMs = 10 * SILENCE_LIMIT_MS
    expect(heartbeat.isCut(wokenAtMs)).to.equal(false)
    expect(watch(heartbeat, wokenAtMs, 1_000_000)).to.equal(wokenAtMs + SILENCE_LIMIT_MS)
  })

  it('does not ask to be looked at again at once when a sign of life cannot be said', () => {
    const heartbeat = new Heartbeat(TIMES, 0)
    expect(heartbeat.dueAtMs(PING_AFTER_MS)).to.equal(2 * PING_AFTER_MS)
  })
})

describe('a RenewingChannel with nothing to say', () => {
  /** Both sides look after themselves for so long; true as long as neither counts as cut. */
  function idle(pair: RenewingPair, seconds: number, isConnected: boolean): boolean {
    for (let second = 0; second < seconds; second += 1) {
      for (const side of [pair.alice, pair.bob]) {
        side.channel.listen(pair.clock.monotonicMs())
        if (pair.after(500, side) === 'cut') return false
      }
      if (isConnected) pair.settle()
      else for (const side of [pair.alice, pair.bob]) pair.send(side)
    }
    return true
  }

  it('stays, by a sign of life from either side every 10 seconds', () => {
    const pair = new RenewingPair()
    let pings = 0
    const { open } = pair.bob.channel
    pair.bob.channel.open = (record) => {
      pings += 1
      return open.call(pair.bob.channel, record)
    }
    expect(idle(pair, 600, true)).to.equal(true)
    expect(pings).to.be.within(55, 60)
  })

  it('is cut when nothing comes, though what this side says still goes', () => {
    const pair = new RenewingPair()
    expect(idle(pair, 29, false)).to.equal(true)
    expect(idle(pair, 2, false)).to.equal(false)
  })
})

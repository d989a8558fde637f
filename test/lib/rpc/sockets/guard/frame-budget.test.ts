import { expect } from 'chai'
import { FRAMING_BURST_BYTES, FRAMING_BYTES_PER_SECOND } from '#lib/rpc/sockets/guard/bounds.ts'
import { FrameBudget, type Traffic } from '#lib/rpc/sockets/guard/frame-budget.ts'

const NOTHING: Traffic = { elapsedMs: 0, received: 0, content: 0, late: 0, calls: 0, sent: 0 }

const SECOND = { ...NOTHING, elapsedMs: 1_000 }

/** Whether a budget lasts for a minute of the same traffic each second. */
function lasts(traffic: Partial<Traffic>): boolean {
  const budget = new FrameBudget()
  return Array.from({ length: 60 }, () => budget.spend({ ...SECOND, ...traffic })).every((left) => left >= 0)
}

describe('FrameBudget', () => {
  it('has a burst, and not a byte more', () => {
    expect(new FrameBudget().spend({ ...NOTHING, received: FRAMING_BURST_BYTES })).to.be.at.least(0)
    expect(new FrameBudget().spend({ ...NOTHING, received: FRAMING_BURST_BYTES + 1 })).to.be.below(0)
  })

  it('has so much a second for ever, and not for ever more', () => {
    expect(lasts({ received: FRAMING_BYTES_PER_SECOND })).to.equal(true)
    expect(lasts({ received: FRAMING_BYTES_PER_SECOND * 1.1 })).to.equal(false)
  })

  it('saves nothing up beyond a burst', () => {
    const budget = new FrameBudget()
    for (let second = 0; second < 60; second += 1) budget.spend({ ...SECOND, content: 1e9, received: 1e9 })
    expect(budget.spend({ ...NOTHING, received: FRAMING_BURST_BYTES + 1 })).to.be.below(0)
  })

  it('lasts for a file at 200 MB/s, in frames of 16 KiB', () => {
    expect(lasts({ content: 200e6, received: 200e6 * (1 + 9 / 16_384) })).to.equal(true)
  })

  it('lasts for 100,000 messages of 60 bytes a second, each in a frame of its own', () => {
    expect(lasts({ content: 100_000 * 60, received: 100_000 * 69 })).to.equal(true)
  })

  it('lasts for 10,000 calls a second, each with headers of 300 bytes and a request of 50, over TLS', () => {
    expect(lasts({ calls: 10_000, content: 10_000 * 50, received: 10_000 * (300 + 50 + 3 * 31) })).to.equal(true)
  })

  it('lasts for the window updates of a reader who takes 200 MB/s through a window of 64 KiB, over TLS', () => {
    expect(lasts({ sent: 200e6, received: (200e6 / 32_768) * (26 + 22) })).to.equal(true)
  })

  it('does not last where content brings as much with it', () => {
    expect(lasts({ content: 1e6, received: 2e6 })).to.equal(false)
  })

  it('lasts where what was under way comes once its call is over, then or later', () => {
    const window = 8 * 1024 * 1024
    expect(new FrameBudget().spend({ ...NOTHING, late: window, received: window })).to.be.at.least(0)
    const budget = new FrameBudget()
    budget.spend({ ...NOTHING, late: window })
    expect(budget.spend({ ...NOTHING, received: window })).to.be.at.least(0)
    expect(budget.spend({ ...NOTHING, received: window })).to.be.below(0)
  })
})

import { expect } from 'chai'
import { ProgressMeter, SETTLING_MS, WINDOW_MS } from '../../../../clients/files/report/progress-meter.ts'

describe('ProgressMeter', () => {
  it('says nothing before it knows something', () => {
    const meter = new ProgressMeter(1_000)
    expect(meter.rate(0)).to.equal(undefined)
    meter.note(0, 0)
    meter.note(500, SETTLING_MS - 1)
    expect(meter.rate(SETTLING_MS - 1)).to.equal(undefined)
    expect(meter.remainingMs(SETTLING_MS - 1)).to.equal(undefined)
  })

  it('tells the rate and what is left of the time', () => {
    const meter = new ProgressMeter(10_000)
    for (let second = 0; second <= 4; second += 1) meter.note(second * 1_000, second * 1_000)
    expect(meter.rate(4_000)).to.equal(1_000)
    expect(meter.remainingMs(4_000)).to.equal(6_000)
  })

  it('forgets what was longer ago than the window', () => {
    const meter = new ProgressMeter(1_000_000)
    meter.note(0, 0)
    meter.note(100_000, 1_000)
    const times = Array.from({ length: 21 }, (_, index) => 1_000 + index * 500)
    for (const atMs of times) meter.note(100_000 + (atMs - 1_000), atMs)
    expect(meter.rate(11_000)).to.equal(1_000)
  })

  it('goes down to nothing where nothing comes, and then knows no end', () => {
    const meter = new ProgressMeter(10_000)
    meter.note(0, 0)
    meter.note(2_000, 1_000)
    expect(meter.rate(2_000)).to.equal(1_000)
    expect(meter.rate(4_000)).to.equal(500)
    expect(meter.rate(1_000 + WINDOW_MS)).to.equal(0)
    expect(meter.remainingMs(1_000 + WINDOW_MS)).to.equal(undefined)
  })

  it('begins anew where less is done than before', () => {
    const meter = new ProgressMeter(10_000)
    meter.note(0, 0)
    meter.note(5_000, 1_000)
    meter.note(1_000, 1_100)
    expect(meter.rate(1_100)).to.equal(undefined)
    meter.note(2_000, 2_100)
    expect(meter.rate(2_100)).to.equal(1_000)
  })

  it('is as exact where progress is told a thousand times a second', () => {
    const meter = new ProgressMeter(100_000_000)
    for (let atMs = 0; atMs <= 20_000; atMs += 1) meter.note(atMs * 1_000, atMs)
    expect(meter.rate(20_000)).to.equal(1_000_000)
    expect(meter.remainingMs(20_000)).to.equal(80_000)
  })
})

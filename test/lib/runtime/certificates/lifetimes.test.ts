import { expect } from 'chai'
import { EndWarnings } from '#lib/runtime/certificates/lifetimes.ts'
import { FakeClock } from '../../../support/clock.ts'
import { testLog } from '../../../support/test-log.ts'

const DAY_MS = 86_400_000

describe('EndWarnings', () => {
  const clock = new FakeClock(1_800_000_000_000)
  const inDays = (days: number) => new Date(clock.nowMs() + days * DAY_MS)

  it('warn of what ends within 30 days, once a day for each', () => {
    const { log, lines } = testLog()
    const warnings = new EndWarnings(clock, log)
    const ends = [
      { what: 'auth', endsAt: inDays(30.5) },
      { what: 'directory', endsAt: inDays(29.5) },
    ]
    const warned = () => lines().map(({ certificate, daysLeft }) => [certificate, daysLeft])
    warnings.check(ends)
    warnings.check(ends)
    expect(warned()).to.deep.equal([['directory', 29]])
    clock.advance(DAY_MS)
    warnings.check(ends)
    expect(warned().slice(1)).to.deep.equal([
      ['auth', 29],
      ['directory', 28],
    ])
  })
})

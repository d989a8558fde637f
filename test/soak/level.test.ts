import { expect } from 'chai'
import { judgeLevel } from './level.ts'

describe('judgeLevel', () => {
  const allowance = { part: 0.1, units: 5 }
  const rising = (step: number): number[] => Array.from({ length: 20 }, (_, index) => 100 + index * step)

  it('finds a quantity level that stays, sways or falls', () => {
    for (const samples of [rising(0), rising(-2), rising(0).map((value, index) => value + (index % 3) * 4)]) {
      expect(judgeLevel(samples, allowance).isLevel).to.equal(true)
    }
  })

  it('finds a quantity not level that grows beyond its allowance, however slowly', () => {
    // From the median of the first window to that of the last are eight steps.
    expect(judgeLevel(rising(2), allowance)).to.deep.equal({ first: 120, last: 136, isLevel: true })
    expect(judgeLevel(rising(3), allowance).isLevel).to.equal(false)
  })

  it('ignores the samples of the warm-up', () => {
    const samples = rising(0).map((value, index) => (index < 8 ? index * 10 : value))
    expect(judgeLevel(samples, allowance).isLevel).to.equal(true)
  })

  it('refuses fewer than 10 samples', () => {
    expect(() => judgeLevel(rising(0).slice(0, 9), allowance)).to.throw(TypeError)
  })
})

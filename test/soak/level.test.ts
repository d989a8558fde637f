import { expect } from 'chai'
import { judgeLevel } from './level.ts'

describe('judgeLevel', () => {
  const allowance = { part: 0.1, units: 5 }
  const rising = (step: number): number[] => Array.from({ length: 20 }, (_, index) => 100 + index * step)

  it('takes what stays, sways or falls for level', () => {
    for (const samples of [rising(0), rising(-2), rising(0).map((value, index) => value + (index % 3) * 4)]) {
      expect(judgeLevel(samples, allowance).isLevel).to.equal(true)
    }
  })

  it('does not take what grows beyond its allowance for level, however slowly', () => {
    // From the median of the first window to that of the last are eight steps.
    expect(judgeLevel(rising(2), allowance)).to.deep.equal({ first: 120, last: 136, isLevel: true })
    expect(judgeLevel(rising(3), allowance).isLevel).to.equal(false)
  })

  it('does not judge by what happens while it warms up', () => {
    const samples = rising(0).map((value, index) => (index < 8 ? index * 10 : value))
    expect(judgeLevel(samples, allowance).isLevel).to.equal(true)
  })

  it('refuses to judge by few samples', () => {
    expect(() => judgeLevel([1, 2, 3], allowance)).to.throw(TypeError)
  })
})

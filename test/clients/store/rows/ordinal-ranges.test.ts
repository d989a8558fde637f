import { expect } from 'chai'
import fc from 'fast-check'
import { countAfter, covers, type OrdinalRange, withRange } from '../../../../clients/store/rows/ordinal-ranges.ts'

/** The ranges that hold these, added one after the other. */
const rangesOf = (added: readonly OrdinalRange[]) =>
  added.reduce<readonly OrdinalRange[]>((ranges, range) => withRange(ranges, range), [])

describe('ranges of ordinals', () => {
  it('are joined where they touch, and stay apart where they do not', () => {
    expect(
      rangesOf([
        [5, 5],
        [1, 2],
        [4, 4],
      ]),
    ).to.deep.equal([
      [1, 2],
      [4, 5],
    ])
    expect(
      rangesOf([
        [5, 5],
        [1, 2],
        [2, 4],
      ]),
    ).to.deep.equal([[1, 5]])
    expect(rangesOf([[5, 4]])).to.deep.equal([])
  })

  it('hold what a set would', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 5 }))
    const property = fc.property(fc.array(range), fc.integer({ min: 0, max: 40 }), (added, after) => {
      const ranges = rangesOf(added.map(([first, more]) => [first, first + more]))
      const set = new Set(added.flatMap(([first, more]) => Array.from({ length: more + 1 }, (_, n) => first + n)))
      for (let ordinal = 0; ordinal <= 40; ordinal += 1) expect(covers(ranges, ordinal)).to.equal(set.has(ordinal))
      expect(countAfter(ranges, after)).to.equal([...set].filter((ordinal) => ordinal > after).length)
    })
    fc.assert(property)
  })
})

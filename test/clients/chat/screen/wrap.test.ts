import { expect } from 'chai'
import fc from 'fast-check'
import { wrapped } from '../../../../clients/chat/screen/wrap.ts'
import { columnsOf } from '../../../../clients/terminal/cluster.ts'
import { assertProperty } from '../../../support/property.ts'

const PLENTY = 10_000

describe('wrapped', () => {
  const lines: readonly [what: string, line: string, first: number, rest: number, rows: string[]][] = [
    ['leaves what fits', 'one two', 7, 7, ['one two']],
    ['breaks between words', 'one two three', 8, 8, ['one two', 'three']],
    ['drops the space at a break', 'one two three', 7, 7, ['one two', 'three']],
    ['breaks a word that fits no row', 'abcdefghij', 4, 4, ['abcd', 'efgh', 'ij']],
    ['takes a word to the next row before it breaks it', 'a bcdefghi', 4, 4, ['a', 'bcde', 'fghi']],
    ['gives the first row its own width', 'one two three', 3, 9, ['one', 'two three']],
    ['begins on the second row where the first has no room', 'one two', 0, 7, ['', 'one two']],
    ['breaks between wide characters', '漢字漢字', 5, 5, ['漢字', '漢字']],
    ['keeps a family together', 'a👨‍👩‍👧‍👦b', 9, 9, ['a👨‍👩‍👧‍👦', 'b']],
    ['keeps spaces that are meant', 'a   b', 9, 9, ['a   b']],
    ['makes one row of nothing', '', 9, 9, ['']],
  ]
  for (const [what, line, first, rest, rows] of lines) {
    it(what, () => {
      expect(wrapped(line, { first, rest, maxRows: PLENTY })).to.deep.equal(rows)
    })
  }

  it('makes no row wider than it may be, and loses nothing but spaces', () => {
    const widths = fc.integer({ min: 8, max: 30 })
    assertProperty(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), widths, widths, (text, first, rest) => {
        const line = text.replace(/[^\P{Default_Ignorable_Code_Point}\u200d\ufe0f]/gv, '')
        const rows = wrapped(line, { first, rest, maxRows: PLENTY })
        rows.forEach((row, index) => {
          expect(columnsOf(row)).to.be.at.most(index === 0 ? first : rest)
        })
      }),
    )
    assertProperty(
      fc.property(fc.string({ maxLength: 200 }), widths, widths, (line, first, rest) => {
        const rows = wrapped(line, { first, rest, maxRows: PLENTY })
        expect(rows.join('').replaceAll(' ', '')).to.equal(line.replaceAll(' ', ''))
      }),
    )
  })

  it('stops at the most rows it may make', () => {
    for (const line of ['a'.repeat(1_000_000), 'a '.repeat(500_000), ' '.repeat(1_000_000)]) {
      expect(wrapped(line, { first: 10, rest: 10, maxRows: 3 })).to.have.length.at.most(3)
    }
  })
})

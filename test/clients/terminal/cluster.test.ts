import { expect } from 'chai'
import fc from 'fast-check'
import { clusterAround, clustersOf, columnsOf, truncated } from '../../../clients/terminal/cluster.ts'
import { assertProperty } from '../../support/property.ts'
import { separating } from '../../support/virtual-terminal.ts'

describe('clustersOf', () => {
  const texts: readonly [what: string, text: string, clusters: number, columns: number][] = [
    ['letters', 'abc', 3, 3],
    ['wide characters', '漢字', 2, 4],
    ['fullwidth forms', 'Ａ', 1, 2],
    ['an accent of its own', 'e\u0301', 1, 1],
    ['a syllable with a vowel sign', 'कि', 1, 2],
    ['an emoji', '😀', 1, 2],
    ['a flag, which some show as two letters', '🇩🇪', 1, 4],
    ['a heart that is made an emoji', '❤️', 1, 2],
    ['a keycap', '1️⃣', 1, 2],
    ['a thumb with a skin colour, which some show as two', '👍🏽', 1, 4],
    ['a family, which some show as four', '👨‍👩‍👧‍👦', 1, 8],
    ['a flag of tags', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 1, 2],
    ['ticks', '✓✓✓', 3, 3],
    ['nothing', '', 0, 0],
  ]
  for (const [what, text, clusters, columns] of texts) {
    it(`takes ${what} for ${clusters}, of at most ${columns} columns`, () => {
      expect(Array.from(clustersOf(text), (cluster) => cluster.text).join('')).to.equal(text)
      expect([...clustersOf(text)]).to.have.lengthOf(clusters)
      expect(columnsOf(text)).to.equal(columns)
    })
  }

  it('never gives fewer columns than a terminal that shows all parts of an emoji', () => {
    assertProperty(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const shown = [...clustersOf(text)].map((cluster) => cluster.text).join('')
        const needed = [...shown].reduce((sum, character) => sum + separating(character), 0)
        expect(columnsOf(text)).to.be.at.least(needed)
      }),
    )
  })

  it('puts marks without a letter upon a circle, not upon what stands before the text', () => {
    expect([...clustersOf('\u0301x')]).to.deep.equal([
      { text: '\u25cc\u0301', columns: 1 },
      { text: 'x', columns: 1 },
    ])
  })

  it('keeps 32 code points of one cluster', () => {
    const [cluster] = clustersOf(`e${'\u0301'.repeat(10_000)}`)
    expect(cluster).to.deep.equal({ text: `e${'\u0301'.repeat(31)}`, columns: 1 })
  })

  it('keeps one of many characters without width', () => {
    expect(Array.from(clustersOf(`a${'\u200b'.repeat(10_000)}b`), ({ text }) => text)).to.deep.equal([
      'a',
      '\u200b',
      'b',
    ])
  })
})

describe('clusterAround', () => {
  it('finds the ends of an emoji from each of its places', () => {
    const [before, family] = ['a', '👨‍👩‍👧']
    for (let index = 1; index < 1 + family.length; index += 1) {
      expect(clusterAround(`${before}${family}b`, index)).to.deep.equal({ start: 1, end: 1 + family.length })
    }
  })

  it('finds nothing outside of the text', () => {
    expect(clusterAround('ab', 2)).to.deep.equal({ start: 2, end: 2 })
    expect(clusterAround('', -1)).to.deep.equal({ start: -1, end: -1 })
  })
})

describe('truncated', () => {
  it('leaves what fits, and else never takes more columns than there are', () => {
    assertProperty(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, columns) => {
        const cut = truncated(text, columns)
        if (columnsOf(text) <= columns) expect(cut).to.equal(text)
        else expect(columnsOf(cut)).to.be.at.most(columns)
      }),
    )
  })

  it('says that something is missing', () => {
    expect(truncated('漢字漢字', 6)).to.equal('漢字…')
    expect(truncated('abcdef', 4)).to.equal('abc…')
  })
})

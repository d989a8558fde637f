import { expect } from 'chai'
import { isolated, withoutIsolates } from '../../../../clients/chat/screen/direction.ts'

const [LRI, RLI, FSI, PDI] = ['\u2066', '\u2067', '\u2068', '\u2069']

describe('isolated', () => {
  it('leaves rows alone that run from left to right', () => {
    const rows = ['Grüße', '漢字', '😀', '']
    expect(isolated(rows)).to.deep.equal(rows)
  })

  it('puts each row of a Hebrew or Arabic text between isolates', () => {
    expect(isolated(['שלום', 'hello'])).to.deep.equal([`${RLI}שלום${PDI}`, `${RLI}hello${PDI}`])
    expect(isolated(['سلام'])).to.deep.equal([`${RLI}سلام${PDI}`])
  })

  it('takes the direction of the first letter for that of the whole text', () => {
    expect(isolated(['1. hello', 'שלום'])).to.deep.equal([`${LRI}1. hello${PDI}`, `${LRI}שלום${PDI}`])
    expect(isolated(['1. שלום'])).to.deep.equal([`${RLI}1. שלום${PDI}`])
  })

  it('isolates marks that run from right to left, though nobody sees them', () => {
    expect(isolated(['a\u200fb'])).to.deep.equal([`${LRI}a\u200fb${PDI}`])
  })

  it('leaves empty rows empty', () => {
    expect(isolated(['', 'שלום'])).to.deep.equal(['', `${RLI}שלום${PDI}`])
  })
})

describe('withoutIsolates', () => {
  it('takes away what could end an isolate of the screen', () => {
    expect(withoutIsolates(`a${LRI}b${RLI}c${FSI}d${PDI}e`)).to.equal('abcde')
  })
})

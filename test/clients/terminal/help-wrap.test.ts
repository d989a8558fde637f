import { expect } from 'chai'
import { wrapHelp } from '../../../clients/terminal/help-wrap.ts'

describe('wrapHelp', () => {
  it('leaves alone what fits', () => {
    const text = '\n  sotto up   both\n\nA paragraph\nof two lines.\n'
    expect(wrapHelp(text, 20)).to.equal(text)
  })

  it('breaks a paragraph between words, and fills its lines anew', () => {
    expect(wrapHelp('one two three\nfour five six\n\nend', 9)).to.equal('one two\nthree\nfour five\nsix\n\nend')
  })

  it('goes on below what an example does, or indented where that is too far to the right', () => {
    expect(wrapHelp('  sotto up   starts both of them', 28)).to.equal('  sotto up   starts both of\n             them')
    expect(wrapHelp('  sotto send bob hello  says it', 26)).to.equal('  sotto send bob hello\n      says it')
  })

  it('lets a word be longer than the terminal is wide', () => {
    expect(wrapHelp('  abcdefghij', 5)).to.equal('  abcdefghij')
  })
})

import { expect } from 'chai'
import fc from 'fast-check'
import { isPath } from '#lib/delivery/file-events.ts'
import { MAX_PATH_NAME_BYTES } from '#lib/delivery/limits.ts'
import { savedName, savedPaths } from '../../../../clients/files/disk/saved-name.ts'
import { assertProperty } from '../../../support/property.ts'
import { UNSEEN_CHARACTERS, unseenText } from '../../../support/unseen.ts'

describe('savedName', () => {
  const saved: ReadonlyArray<readonly [what: string, name: string, safe: string]> = [
    ['a name as it is', 'Übung 漢字 עברית.tar.gz', 'Übung 漢字 עברית.tar.gz'],
    ['a hidden name as it is', '.profile', '.profile'],
    ['a zero-width space', 'pay\u200broll.pdf', 'pay_roll.pdf'],
    ['a hidden name behind one', '\u200b.profile', '_.profile'],
    ['an override', 'exe.\u202etxt', 'exe._txt'],
    ['tags', 'a\u{e0041}\u{e0042}b', 'a_b'],
    ['a variation selector', 'a\ufe0f.png', 'a_.png'],
    ['a line separator', 'a\u2028b', 'a_b'],
    ['a filler', 'a\u3164', 'a_'],
    ['odd spaces', 'at\u202f3\u00a0pm', 'at 3 pm'],
    ['spaces at both ends', '  a  ', '_a_'],
    ['full stops and spaces at the end', 'a.txt. . ', 'a.txt_'],
    ['an ideographic space at the end', 'a\u3000', 'a_'],
    ['nothing but full stops', '...', '_'],
    ['a device', 'con', '_con'],
    ['a device with an extension', 'LPT1.tar.gz', '_LPT1.tar.gz'],
    ['what is no device', 'console', 'console'],
    ['what this program calls what has come so far', '.sotto-00.part', '_.sotto-00.part'],
    ['letters and their accents', 'e\u0301', '\u00e9'],
  ]
  for (const [what, name, safe] of saved) {
    it(`saves ${what}`, () => {
      expect(savedName(name)).to.equal(safe)
    })
  }

  it('leaves none of the characters that are not seen', () => {
    for (const character of UNSEEN_CHARACTERS) expect(savedName(`a${character}b`)).to.equal('a_b')
  })

  it('is a name that an offer may have, stays as it is, and is hidden only where the name was', () => {
    const piece = fc.oneof(fc.constantFrom('.', ' ', 'con', 'a', '\u00a0', '\u0958', '漢'), unseenText, fc.string())
    const name = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('').replaceAll(/[/\\]/g, ''))
    assertProperty(
      fc.property(name, (hostile) => {
        const safe = savedName(hostile)
        expect(isPath(Buffer.from(safe)), safe).to.equal(true)
        expect(savedName(safe)).to.equal(safe)
        expect(Buffer.byteLength(safe)).to.be.at.most(MAX_PATH_NAME_BYTES)
        if (safe.startsWith('.')) expect(hostile).to.match(/^\./)
      }),
    )
  })
})

describe('savedPaths', () => {
  it('keeps apart what becomes one, and leaves what was safe before', () => {
    expect(
      savedPaths(['p/a\u200b.txt', 'p/a_.txt', 'p/a\u200c.txt', 'p/d\u200b/x', 'p/d\u200b/y', 'p/d_', 'p/A\ufeff.txt']),
    ).to.deep.equal(['p/a_ (1).txt', 'p/a_.txt', 'p/a_ (2).txt', 'p/d_ (1)/x', 'p/d_ (1)/y', 'p/d_', 'p/A_ (3).txt'])
  })

  it('gives every path one of its own, of as many names', () => {
    const name = fc.array(fc.constantFrom('a', 'A', '_', '\u200b', '.', ' '), { minLength: 1, maxLength: 3 })
    const path = fc.array(
      name.map((pieces) => pieces.join('')),
      { minLength: 1, maxLength: 3 },
    )
    assertProperty(
      fc.property(fc.uniqueArray(path.map((names) => names.join('/'))), (paths) => {
        const safe = savedPaths(paths)
        expect(new Set(safe).size).to.equal(paths.length)
        expect(safe.map((each) => each.split('/').length)).to.deep.equal(paths.map((each) => each.split('/').length))
      }),
    )
  })

  it('is quick with thousands that become one', () => {
    const paths = Array.from(
      { length: 16_000 },
      (_, n) => `p/${n.toString(2).replaceAll('0', '\u200b').replaceAll('1', '\u200c')}`,
    )
    expect(new Set(savedPaths(paths)).size).to.equal(paths.length)
  })
})

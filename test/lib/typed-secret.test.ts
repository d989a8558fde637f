import { expect } from 'chai'
import fc from 'fast-check'
import { Secret } from '#lib/secret.ts'
import { countTypedCharacters, prepareTypedSecret } from '#lib/typed-secret.ts'

const secretOf = (text: string) => Secret.of(Buffer.from(text, 'utf8'))
const prepared = (text: string) => Buffer.from(prepareTypedSecret(secretOf(text)).reveal()).toString('utf8')

describe('prepareTypedSecret', () => {
  it('does what the examples of RFC 8265, section 4.3, have', () => {
    expect(prepared('correct horse battery staple')).to.equal('correct horse battery staple')
    expect(prepared('Correct Horse Battery Staple')).to.equal('Correct Horse Battery Staple')
    expect(prepared('\u03c0\u00df\u00e5')).to.equal('\u03c0\u00df\u00e5')
    expect(prepared('Jack of \u2666s')).to.equal('Jack of \u2666s')
    expect(prepared('foo\u1680bar')).to.equal('foo bar')
  })

  it('composes letters, and keeps width and case', () => {
    expect(prepared('u\u0308ber')).to.equal('\u00fcber')
    expect(prepared('\uff21\uff22')).to.equal('\uff21\uff22')
  })

  it('makes one of all forms of a text, and leaves it then', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(prepared(text.normalize('NFD'))).to.equal(prepared(text.normalize('NFC')))
        expect(prepared(prepared(text))).to.equal(prepared(text))
      }),
    )
  })
})

describe('countTypedCharacters', () => {
  it('counts characters, and not their bytes or parts', () => {
    expect(countTypedCharacters(secretOf('u\u0308\u{1f642}a'))).to.equal(3)
  })
})

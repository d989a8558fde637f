import { expect } from 'chai'
import fc from 'fast-check'
import { prepareDisplayName } from '#lib/display-name.ts'
import { codeOf } from '../support/code-of.ts'

describe('prepareDisplayName', () => {
  it('prepares the examples of RFC 8266, section 3', () => {
    const examples: [given: string, prepared: string][] = [
      ['Foo', 'Foo'],
      ['foo', 'foo'],
      ['Foo Bar', 'Foo Bar'],
      ['  Foo   Bar  ', 'Foo Bar'],
      ['\u03a3', '\u03a3'],
      ['\u03c2', '\u03c2'],
      ['\u265a', '\u265a'],
      ['Richard \u2163', 'Richard IV'],
      ['Alice\u00a0\u3000M\u0075\u0308ller', 'Alice Müller'],
    ]
    for (const [given, prepared] of examples) expect(prepareDisplayName(given)).to.equal(prepared)
  })

  it('takes an empty one, and one of spaces alone, for none', () => {
    expect(prepareDisplayName('')).to.equal('')
    expect(prepareDisplayName(' \u2003 ')).to.equal('')
  })

  it('refuses controls, what is invisible, what reorders a line, and what is no character', () => {
    for (const wrong of [
      '\n',
      '\u001b[31m',
      '\u0000',
      '\u007f',
      '\u200b',
      '\u200d',
      '\u00ad',
      '\u202e',
      '\u2066',
      '\ufeff',
    ])
      expect(
        codeOf(() => prepareDisplayName(`a${wrong}b`)),
        JSON.stringify(wrong),
      ).to.equal('ERR_INVALID_ARGUMENT')
    for (const wrong of ['\ud800', '\uffff', '\ue000', '\u{e0041}', '\u2028', '\u1100', '\u0640', '\u0378'])
      expect(
        codeOf(() => prepareDisplayName(`a${wrong}b`)),
        JSON.stringify(wrong),
      ).to.equal('ERR_INVALID_ARGUMENT')
  })

  it('takes letters of a context only in it', () => {
    for (const right of ['Gal·la col·lega'.replace('Gal·la ', ''), '͵α', 'ז׳', 'ア・イ', '\u0661\u0662']) {
      expect(prepareDisplayName(right)).to.equal(right)
    }
    for (const wrong of ['a·b', '͵a', 'a׳', 'a・b', '\u0661\u06f1']) {
      expect(
        codeOf(() => prepareDisplayName(wrong)),
        wrong,
      ).to.equal('ERR_INVALID_ARGUMENT')
    }
  })

  it('counts code points of what it has prepared', () => {
    expect(prepareDisplayName('😀'.repeat(64))).to.have.length(128)
    expect(codeOf(() => prepareDisplayName('a'.repeat(65)))).to.equal('ERR_INVALID_ARGUMENT')
    // One character that becomes eighteen (U+FDFA).
    expect(codeOf(() => prepareDisplayName('\ufdfa'.repeat(4)))).to.equal('ERR_INVALID_ARGUMENT')
  })

  it('changes nothing when it is applied again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 70 }), (text) => {
        let once: string
        try {
          once = prepareDisplayName(text)
        } catch {
          return
        }
        expect(prepareDisplayName(once)).to.equal(once)
      }),
    )
  })
})

import { expect } from 'chai'
import fc from 'fast-check'
import { escapeForTerminal, escapeName } from '../../../clients/terminal/escape.ts'
import { anyText } from '../../support/arbitrary.ts'
import { assertProperty } from '../../support/property.ts'
import { UNSEEN_CHARACTERS } from '../../support/unseen.ts'

describe('escapeForTerminal', () => {
  const shown: ReadonlyArray<readonly [what: string, text: string, line: string]> = [
    ['plain text as it is', 'Grüße, 漢字, 👩‍👩‍👧 and עברית', 'Grüße, 漢字, 👩‍👩‍👧 and עברית'],
    ['a backslash as it is', 'C:\\new', 'C:\\new'],
    ['line feed, return and tab', 'a\nb\rc\td', 'a\\nb\\rc\\td'],
    ['a cursor movement', '\u001b[2J\u001b[1;1H', '\\e[2J\\e[1;1H'],
    ['a title', '\u001b]0;root\u0007', '\\e]0;root\\x07'],
    ['the one-character C1 escape', '\u009b31m', '\\x9b31m'],
    ['backspace and delete', 'a\b\u007f', 'a\\x08\\x7f'],
    ['line and paragraph separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['bidirectional overrides', 'evil\u202egnp.exe\u202c', 'evil\\u{202e}gnp.exe\\u{202c}'],
    ['hidden annotations', '\ufff9a\ufffab\ufffb', '\\u{fff9}a\\u{fffa}b\\u{fffb}'],
    ['lone surrogates', 'a\ud800b', 'a\\u{d800}b'],
    ['balanced isolates as they are', '\u2067עברית\u2069!', '\u2067עברית\u2069!'],
    ['open isolates closed', 'a\u2067b\u2066c', 'a\u2067b\u2066c\u2069\u2069'],
    ['an isolate’s end that ends nothing', 'a\u2069b\u2067c', 'a\\u{2069}b\u2067c\u2069'],
  ]
  for (const [what, text, line] of shown) {
    it(`shows ${what}`, () => {
      expect(escapeForTerminal(text)).to.equal(line)
    })
  }

  it('lets no control character through, whatever the text', () => {
    assertProperty(
      fc.property(anyText(), (text) => {
        expect(escapeForTerminal(text)).not.to.match(/[\p{Cc}\u2028-\u202e\ufff9-\ufffb]|\p{Surrogate}/u)
      }),
    )
  })

  it('shows every text on one line that ends outside of all isolates', () => {
    const marks = fc.array(fc.constantFrom('\u2066', '\u2067', '\u2068', '\u2069', 'a', '\n'), { maxLength: 20 })
    assertProperty(
      fc.property(marks, (characters) => {
        let open = 0
        for (const character of escapeForTerminal(characters.join(''))) {
          expect(character).not.to.equal('\n')
          if (character >= '\u2066' && character <= '\u2068') open += 1
          if (character === '\u2069') open -= 1
          expect(open).to.be.at.least(0)
        }
        expect(open).to.equal(0)
      }),
    )
  })
})

describe('escapeName', () => {
  it('shows what can be seen as it is', () => {
    expect(escapeName('Übung 漢字 עברית.tar.gz')).to.equal('Übung 漢字 עברית.tar.gz')
  })

  it('shows each character that is not seen', () => {
    for (const character of UNSEEN_CHARACTERS) expect(escapeName(`a${character}b`)).to.match(/^a\\[\w{}]+b$/)
  })

  it('shows two names that differ as two', () => {
    const shown = UNSEEN_CHARACTERS.map((character) => escapeName(`a${character}`))
    expect(new Set(shown).size).to.equal(shown.length)
  })
})

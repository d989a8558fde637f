import { expect } from 'chai'
import { parseJsonLine, refOf, shownJson, textField } from '../../../clients/terminal/json-lines.ts'
import { codeOf } from '../../support/code-of.ts'
import { UNSEEN_CHARACTERS } from '../../support/unseen.ts'

describe('shownJson', () => {
  it('has whatever is not seen escaped, and stands for the same', () => {
    const value = { text: `${UNSEEN_CHARACTERS.join('')} seen 漢字 "\\` }
    const text = shownJson(value) ?? ''
    expect(text.endsWith(' seen 漢字 \\"\\\\"}')).to.equal(true)
    expect(text).to.match(/^[ -~漢字]+$/)
    expect(JSON.parse(text)).to.deep.equal(value)
  })
})

describe('parseJsonLine', () => {
  for (const line of ['', '{', 'null', '[]', '"text"', '7', '{"__proto__":{"text":"a"}}', '{"constructor":1}']) {
    it(`refuses ${line === '' ? 'an empty line' : line}`, () => {
      expect(codeOf(() => parseJsonLine(line, ['text', 'ref']))).to.equal('ERR_USAGE')
    })
  }

  const nested = (depth: number) => `{"ref":${'['.repeat(depth)}${']'.repeat(depth)}}`

  it('takes what is nested less than ten thousand deep, and it goes back as it was', () => {
    const line = nested(9_999)
    expect(`{"ref":${refOf(line, parseJsonLine(line, ['ref']))?.text}}`).to.equal(line)
  })

  for (const depth of [10_000, 100_000, 3_000_000]) {
    it(`refuses what is nested ${depth.toLocaleString('en')} deep, as a line that does not fit`, () => {
      expect(codeOf(() => parseJsonLine(nested(depth), ['ref']))).to.equal('ERR_USAGE')
    })
  }
})

describe('textField', () => {
  it('takes a text as it is', () => {
    expect(textField({ text: '🙂\u2028\u0000' }, 'text')).to.equal('🙂\u2028\u0000')
  })

  for (const value of [undefined, null, 7, true, [], {}, '\ud83d', 'a\ude42', '\ude42\ud83d']) {
    it(`refuses ${JSON.stringify(value) ?? 'that it is not there'}`, () => {
      expect(codeOf(() => textField({ text: value }, 'text'))).to.equal('ERR_USAGE')
    })
  }
})

import { expect } from 'chai'
import { partsOf } from '../../../../clients/web/page/conversation/text-parts.ts'

/** As much as a message may have. */
const MOST = 1_048_576

const text = (value: string) => ({ kind: 'text', text: value })
const link = (address: string) => ({ kind: 'link', address })
const code = (value: string, language = '') => ({ kind: 'code', code: value, language })

describe('the parts of a text', () => {
  const parts: readonly [string, readonly object[]][] = [
    ['', []],
    ['a\n\nb\n', [text('a\n\nb\n')]],
    ['```\na\n```', [code('a')]],
    ['``` ts \na\n\n b\n```\t', [code('a\n\n b', 'ts')]],
    ['```\n```', [code('')]],
    [
      'before\n```c++\na\n```\nbetween\n```\nb\n```\nafter',
      [text('before'), code('a', 'c++'), text('between'), code('b'), text('after')],
    ],
    ['```ts\na\n```js\nb\n```', [code('a\n```js\nb', 'ts')]],
    ['```\nno end', [text('```\nno end')]],
    ['```\na\n```\n```\nno end', [code('a'), text('```\nno end')]],
    ['``` two words\na\n```', [text('``` two words\na\n```')]],
    ['a ```\nb\n```', [text('a ```\nb\n```')]],
    [
      'see https://example.com/a?b=c, or (http://example.org).',
      [text('see '), link('https://example.com/a?b=c'), text(', or ('), link('http://example.org'), text(').')],
    ],
    ['https://', [text('https://')]],
    ['javascript:alert(1) ftp://example.com', [text('javascript:alert(1) ftp://example.com')]],
    ['```\nhttps://example.com\n```', [code('https://example.com')]],
  ]
  for (const [written, expected] of parts)
    it(`of ${JSON.stringify(written)}`, () => expect(partsOf(written)).to.deep.equal(expected))

  it('end an address where a character is invisible, or turns the direction of writing', () => {
    for (const character of ['\u200b', '\u202e', '\u2066', '\u00ad', '\u0007', '\u{e0041}'])
      expect(partsOf(`https://example.com/${character}moc.rehto`)).to.deep.equal([
        link('https://example.com/'),
        text(`${character}moc.rehto`),
      ])
  })

  it('are found in one go, whatever stands there', () => {
    const filled = (piece: string) => piece.repeat(MOST / piece.length)
    for (const hostile of [
      `\`\`\`${filled(' ')}x`,
      `\`\`\`\n\`\`\`${filled(' ')}x`,
      filled('```x\n'),
      filled('```\n'),
      filled('http://'),
      `http://${filled('.')}a`,
      `http://a/${filled(')')}`,
    ])
      expect(partsOf(hostile).length).to.be.at.least(1)
  })
})

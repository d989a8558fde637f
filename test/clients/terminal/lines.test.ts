import { expect } from 'chai'
import fc from 'fast-check'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { LineSplitter } from '../../../clients/terminal/lines.ts'
import { codeOf } from '../../support/code-of.ts'
import { assertProperty } from '../../support/property.ts'

/** What goes into a splitter, in chunks, comes out as lines. */
function split(...chunks: Array<string | Uint8Array>): string[] {
  const splitter = new LineSplitter()
  const lines = chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))])
  const last = splitter.end()
  return [...lines, ...(last === undefined ? [] : [last])].map((line) => Buffer.from(line).toString('utf8'))
}

describe('LineSplitter', () => {
  it('gives the bytes up to each line feed', () => {
    expect(split('one\ntwo\n')).to.deep.equal(['one', 'two'])
  })

  it('gives a last line without a line feed, and no line after one with', () => {
    expect(split('one\ntwo')).to.deep.equal(['one', 'two'])
    expect(split('one\n')).to.deep.equal(['one'])
    expect(split()).to.deep.equal([])
  })

  it('gives empty lines', () => {
    expect(split('\n\n')).to.deep.equal(['', ''])
  })

  it('leaves every other byte alone', () => {
    expect(split('a\r\n\ufeffb\0\u001b[2J\u2028c\n')).to.deep.equal(['a\r', '\ufeffb\0\u001b[2J\u2028c'])
  })

  it('gives the same lines however the bytes trickle in', () => {
    const text = fc.array(fc.oneof(fc.constant('\n'), fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 30 })
    assertProperty(
      fc.property(text, fc.array(fc.nat(60)), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''))
        const trickle = Array.from(bytes, (byte) => Uint8Array.of(byte))
        expect(split(...trickle)).to.deep.equal(split(bytes))
        const ends = cuts.toSorted((a, b) => a - b)
        const chunks = [...ends, bytes.length].map((end, n) => bytes.subarray(ends[n - 1] ?? 0, end))
        expect(split(...chunks)).to.deep.equal(split(bytes))
      }),
    )
  })

  it('puts back together what it cut, but for a line feed at the end', () => {
    assertProperty(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`
        expect(
          split(text)
            .map((line) => `${line}\n`)
            .join(''),
        ).to.equal(whole)
      }),
    )
  })

  it('takes a line of exactly the limit, with its line feed behind it', () => {
    const line = 'x'.repeat(MAX_TEXT_BYTES)
    expect(split(line, '\n', line)).to.deep.equal([line, line])
  })

  it('refuses a line of one byte more, before its end has come', () => {
    const splitter = new LineSplitter()
    expect([...splitter.push(Buffer.from('short\n'))]).to.have.length(1)
    expect([...splitter.push(Buffer.alloc(MAX_TEXT_BYTES, 'x'))]).to.have.length(0)
    expect(() => [...splitter.push(Buffer.from('x'))])
      .to.throw('line 2')
      .with.property('code', 'ERR_MESSAGE_TOO_LARGE')
  })

  it('refuses a line that is not UTF-8, after giving those before it', () => {
    const lines = new LineSplitter().push(Buffer.from('one\ntwo\nthr\xffe\nfour\n', 'latin1'))
    expect([lines.next().value, lines.next().value].map(String)).to.deep.equal(['one', 'two'])
    expect(() => lines.next())
      .to.throw('line 3')
      .with.property('code', 'ERR_INVALID_UTF8')
  })

  it('gives the lines before one that is not UTF-8, wherever it is cut', () => {
    const bytes = Buffer.from('one\ntwo\nthr\xffe\nfour\n', 'latin1')
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const splitter = new LineSplitter()
      const given: string[] = []
      const take = () => {
        for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)])
          for (const line of splitter.push(chunk)) given.push(String(line))
      }
      expect(take).to.throw('line 3')
      expect(given).to.deep.equal(['one', 'two'])
    }
  })

  it('refuses a last line that ends inside a character', () => {
    const splitter = new LineSplitter()
    expect([...splitter.push(Buffer.from('🙂').subarray(0, 3))]).to.have.length(0)
    expect(codeOf(() => splitter.end())).to.equal('ERR_INVALID_UTF8')
  })
})

import { expect } from 'chai'
import { LongMessages } from '../../../../clients/chat/page/long-messages.ts'

const message = (text: string) => ({ who: 'bob', own: false, time: new Date(0), text })

describe('LongMessages', () => {
  /** All parts of a text, as one reads on. */
  function partsOf(text: string): string[] {
    const long = new LongMessages()
    const parts = []
    for (let number = long.keep(message(text)); ; number = undefined) {
      const part = long.read(number)
      if (part === undefined) throw new Error('it is not kept')
      parts.push(part.text)
      if (part.left === 0) return parts
    }
  }

  it('keeps what may not have room, and calls it by numbers', () => {
    const long = new LongMessages()
    const texts = ['short', 'a'.repeat(201), 'twelve lines\n'.repeat(11), 'a\n'.repeat(12)]
    expect(texts.map((text) => long.keep(message(text)))).to.deep.equal([undefined, 1, undefined, 2])
    expect(long.read()?.number).to.equal(2)
    expect(long.read(1)?.text).to.equal(texts[1])
    expect(long.read(3)).to.equal(undefined)
  })

  it('forgets those before the last hundred', () => {
    const long = new LongMessages()
    for (let count = 0; count < 101; count += 1) long.keep(message('a'.repeat(201)))
    expect(long.read(1)).to.equal(undefined)
    expect(long.read(2)?.number).to.equal(2)
  })

  for (const [what, text] of [
    ['1 MiB in one line', 'a'.repeat(2 ** 20)],
    ['1 MiB of words', 'word '.repeat(2 ** 18)],
    ['256 KiB of line ends', '\n'.repeat(2 ** 18)],
    ['1 MiB of smileys', `a${'🙂'.repeat(2 ** 18)}`],
  ] as const) {
    it(`gives all of ${what} in parts, none within a character`, () => {
      const parts = partsOf(text)
      expect(parts.join('')).to.equal(text)
      for (const part of parts) {
        expect(part.length).to.be.within(1, 6_000)
        expect(part).not.to.match(/\p{Surrogate}/u)
      }
    })
  }
})

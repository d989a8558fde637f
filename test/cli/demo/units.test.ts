import { expect } from 'chai'
import fc from 'fast-check'
import { FRAME_HEADER_BYTES, PREFIX_BYTES, type Unit, Units } from '../../../cli/demo/network/units.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const DATA = 0
const PING = 6
const HEADERS = 1

function frame(type: number, stream: number, content: Uint8Array): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUIntBE(content.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, content])
}

function prefixed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** Messages in frames of at most so many bytes, with a ping of the link between two of these. */
function sent(messages: readonly Uint8Array[], size: number): Buffer {
  const frames = messages.flatMap((message) => {
    const whole = prefixed(message)
    const parts = Array.from({ length: Math.ceil(whole.length / size) }, (_, n) =>
      whole.subarray(n * size, (n + 1) * size),
    )
    return parts.map((part) => frame(DATA, 1, part))
  })
  return Buffer.concat([PREFACE, frame(HEADERS, 1, Buffer.alloc(30)), ...frames, frame(PING, 0, Buffer.alloc(8))])
}

describe('Units', () => {
  it('give every byte once, in order, and each message whole, however the bytes come', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 })
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 100 }), (said, size, step) => {
        const bytes = sent(said, size)
        const units = new Units(true)
        const cut: Unit[] = []
        for (let at = 0; at < bytes.length; at += step) cut.push(...units.push(bytes.subarray(at, at + step)))
        expect(Buffer.concat(cut.map((unit) => unit.bytes)).equals(bytes)).to.equal(true)
        const found = cut.flatMap((unit) => unit.messages)
        expect(found.map((message) => message.toString('hex'))).to.deep.equal(
          said.map((message) => Buffer.from(message).toString('hex')),
        )
      }),
    )
  })

  it('know what is of the link, and may not wait', () => {
    const cut = new Units(true).push(sent([Buffer.from('hello')], 1_000))
    expect(cut.map(({ isOfLink, messages }) => [isOfLink, messages.length])).to.deep.equal([
      [true, 0],
      [false, 0],
      [false, 1],
      [true, 0],
    ])
  })

  it('keep a message back until its last byte', () => {
    const units = new Units(false)
    const whole = frame(DATA, 1, prefixed(Buffer.from('hello')))
    expect(units.push(whole.subarray(0, -1))).to.deep.equal([])
    expect(units.push(whole.subarray(-1))).to.have.length(1)
  })
})

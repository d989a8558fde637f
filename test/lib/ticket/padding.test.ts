import { expect } from 'chai'
import fc from 'fast-check'
import { MAX_BODY_BYTES, PADDED_BYTES, pad, unpad } from '#lib/ticket/padding.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf } from '../../support/random.ts'
import { insideLargerBuffer, truncations } from '../../support/tamper.ts'

describe('pad', () => {
  it('is undone by unpad, at every length', () => {
    for (let length = 0; length <= MAX_BODY_BYTES; length += 1) {
      const body = bytesOf('body', length)
      const padded = pad(body)
      expect(padded).to.have.lengthOf(PADDED_BYTES)
      expect(unpad(insideLargerBuffer(padded))).to.deep.equal(body)
    }
  })

  it('takes no longer body', () => {
    expect(() => pad(new Uint8Array(MAX_BODY_BYTES + 1))).to.throw(TypeError)
  })
})

describe('unpad', () => {
  const padded = pad(bytesOf('body', 100))

  it('takes nothing but a whole padded body', () => {
    for (const shorter of truncations(padded)) expect(unpad(shorter)).to.equal(undefined)
    expect(unpad(Buffer.concat([padded, Buffer.alloc(1)]))).to.equal(undefined)
  })

  it('takes no length that does not fit', () => {
    for (const length of [MAX_BODY_BYTES + 1, 0xffff]) {
      const changed = Buffer.alloc(PADDED_BYTES)
      changed.writeUInt16BE(length)
      expect(unpad(changed)).to.equal(undefined)
    }
  })

  it('takes nothing after the body but zeros', () => {
    assertProperty(
      fc.property(fc.integer({ min: 102, max: PADDED_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (place, byte) => {
        const changed = Uint8Array.from(padded)
        changed[place] = byte
        expect(unpad(changed)).to.equal(undefined)
      }),
    )
  })

  it('never fails on any bytes, and what it takes pads to the same bytes', () => {
    assertProperty(
      fc.property(fc.uint8Array({ minLength: PADDED_BYTES, maxLength: PADDED_BYTES }), (bytes) => {
        const body = unpad(bytes)
        if (body) expect(Uint8Array.from(pad(body))).to.deep.equal(bytes)
      }),
    )
  })
})

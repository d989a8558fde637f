import { expect } from 'chai'
import fc from 'fast-check'
import { MAX_LETTER_BODY_BYTES, PAYLOAD_SIZES, padPayload, unpadPayload } from '#lib/letter/payload.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf } from '../../support/random.ts'

describe('padPayload and unpadPayload', () => {
  it('undo each other, and give one of five sizes', () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: MAX_LETTER_BODY_BYTES, size: 'max' }), (body) => {
        const payload = padPayload(body)
        expect(PAYLOAD_SIZES).to.include(payload.length)
        expect(unpadPayload(payload)).to.deep.equal(Buffer.from(body))
      }),
    )
  })

  it('take the smallest size that fits', () => {
    for (const [index, size] of PAYLOAD_SIZES.entries()) {
      expect(padPayload(new Uint8Array(size - 2))).to.have.lengthOf(size)
      const next = PAYLOAD_SIZES[index + 1]
      if (next) expect(padPayload(new Uint8Array(size - 1))).to.have.lengthOf(next)
    }
    expect(() => padPayload(new Uint8Array(MAX_LETTER_BODY_BYTES + 1))).to.throw(TypeError)
  })

  it('take no other size, no larger one than need be, no length beyond the end, and nothing but zeros behind', () => {
    const payload = padPayload(bytesOf('body', 100))
    expect(unpadPayload(payload.subarray(1))).to.equal(undefined)
    expect(unpadPayload(new Uint8Array(0))).to.equal(undefined)
    expect(unpadPayload(new Uint8Array(1))).to.equal(undefined)
    expect(unpadPayload(Buffer.concat([payload, new Uint8Array(1_024 - 256)]))).to.equal(undefined)
    expect(unpadPayload(Buffer.of(1, 0, ...new Uint8Array(254)))).to.equal(undefined)
    expect(unpadPayload(Buffer.of(0xff, 0xff, ...new Uint8Array(61_438)))).to.equal(undefined)
    for (const place of [102, 255]) {
      const changed = Uint8Array.from(payload)
      changed[place] = 1
      expect(unpadPayload(changed)).to.equal(undefined)
    }
  })
})

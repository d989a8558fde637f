import { expect } from 'chai'
import fc from 'fast-check'
import { ONE_WAY_OVERHEAD_BYTES, readOneWay, writeOneWay } from '#lib/noise/one-way.ts'
import { EMPTY, MAX_MESSAGE_BYTES } from '#lib/noise/primitives.ts'
import { codeOf } from '../../support/code-of.ts'
import { LOW_ORDER_KEYS } from '../../support/low-order-keys.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf, keyPairOf, secretOf } from '../../support/random.ts'
import { flips, insideLargerBuffer, truncations } from '../../support/tamper.ts'

const ALICE = keyPairOf('alice')
const BOB = keyPairOf('bob')
const PSK = secretOf('psk')
const PROLOGUE = bytesOf('prologue', 50)

const write = (over: Partial<Parameters<typeof writeOneWay>[0]> = {}): Uint8Array =>
  writeOneWay({
    prologue: PROLOGUE,
    s: ALICE,
    e: keyPairOf('e of alice'),
    rs: BOB.publicKey,
    psk: PSK,
    payload: EMPTY,
    ...over,
  })
const read = (message: Uint8Array, over: Partial<Parameters<typeof readOneWay>[0]> = {}) =>
  readOneWay({ prologue: PROLOGUE, s: BOB, psk: PSK, message, ...over })

describe('the one-way handshake', () => {
  it('carries any payload under any prologue, and says who wrote it', () => {
    const anyBytes = fc.uint8Array({ maxLength: 300 })
    assertProperty(
      fc.property(anyBytes, anyBytes, (prologue, payload) => {
        const opened = read(insideLargerBuffer(write({ prologue, payload })), { prologue })
        expect(opened.payload).to.deep.equal(Buffer.from(payload))
        expect(opened.remoteStatic).to.deep.equal(ALICE.publicKey)
      }),
    )
  })

  it('carries payloads up to the largest Noise message, and no further', () => {
    const largest = new Uint8Array(MAX_MESSAGE_BYTES - ONE_WAY_OVERHEAD_BYTES)
    expect(read(write({ payload: largest })).payload).to.have.lengthOf(largest.length)
    expect(() => write({ payload: new Uint8Array(largest.length + 1) })).to.throw(TypeError)
    expect(ONE_WAY_OVERHEAD_BYTES).to.equal(96)
  })

  it('does not open for another prologue, another reader or another psk', () => {
    const message = write()
    expect(codeOf(() => read(message, { prologue: EMPTY }))).to.equal('ERR_DECRYPT')
    expect(codeOf(() => read(message, { s: keyPairOf('carol') }))).to.equal('ERR_DECRYPT')
    expect(codeOf(() => read(message, { psk: secretOf('another') }))).to.equal('ERR_DECRYPT')
  })

  it('ends at a key of low order, on either side', () => {
    for (const key of LOW_ORDER_KEYS) {
      expect(codeOf(() => write({ rs: key }))).to.equal('ERR_LOW_ORDER_KEY')
      const message = Buffer.concat([key, write().subarray(32)])
      expect(codeOf(() => read(message))).to.equal('ERR_LOW_ORDER_KEY')
    }
  })

  it('does not open with any bit flipped, nor cut to any length', () => {
    const message = write({ payload: bytesOf('payload', 20) })
    for (const changed of flips(message)) expect(codeOf(() => read(changed))).to.equal('ERR_DECRYPT')
    for (const cut of truncations(message)) {
      expect(codeOf(() => read(cut))).to.equal(cut.length < 96 ? 'ERR_LETTER_MALFORMED' : 'ERR_DECRYPT')
    }
    expect(codeOf(() => read(new Uint8Array(MAX_MESSAGE_BYTES + 1)))).to.equal('ERR_LETTER_MALFORMED')
  })
})

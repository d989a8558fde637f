import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { Secret } from '#lib/secret.ts'
import { bearerHash, deriveSessionKeys, SESSION_KEY_BYTES, SESSION_TOKEN_BYTES } from '#lib/session/session-keys.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf, secretOf } from '../../support/random.ts'

const anyToken = fc.uint8Array({ minLength: SESSION_TOKEN_BYTES, maxLength: SESSION_TOKEN_BYTES })

/** HKDF-SHA256 of RFC 5869 by hand, for one block of output and no salt. */
function hkdfByHand(ikm: Uint8Array, info: string): Uint8Array {
  const prk = createHmac('sha256', new Uint8Array(32)).update(ikm).digest()
  return createHmac('sha256', prk).update(info).update(Uint8Array.of(1)).digest()
}

describe('deriveSessionKeys', () => {
  it('follows RFC 5869, with the labels of the protocol', () => {
    assertProperty(
      fc.property(anyToken, (token) => {
        const keys = deriveSessionKeys(Secret.of(token))
        expect(keys.directoryBearer.equals(hkdfByHand(token, 'sotto directory bearer v1'))).to.equal(true)
        expect(keys.authBearer.equals(hkdfByHand(token, 'sotto auth bearer v1'))).to.equal(true)
        expect(keys.relayBearer.equals(hkdfByHand(token, 'sotto relay bearer v1'))).to.equal(true)
        expect(keys.ticketKey.equals(hkdfByHand(token, 'sotto ticket v1'))).to.equal(true)
        expect(keys.grantKey.equals(hkdfByHand(token, 'sotto grant v1'))).to.equal(true)
      }),
    )
  })

  it('gives five different secrets, none of them the token', () => {
    const token = secretOf('token')
    const all = [token, ...Object.values(deriveSessionKeys(token))].map((secret) => secret.fingerprint())
    expect(new Set(all).size).to.equal(6)
  })

  it('takes a token of 32 bytes and no other', () => {
    for (const length of [0, SESSION_TOKEN_BYTES - 1, SESSION_TOKEN_BYTES + 1]) {
      expect(() => deriveSessionKeys(Secret.of(bytesOf('token', length)))).to.throw(TypeError)
    }
  })

  it('gives secrets that do not print', () => {
    const keys = deriveSessionKeys(secretOf('token'))
    expect(JSON.stringify(keys)).to.equal(
      '{"directoryBearer":"[secret]","authBearer":"[secret]","relayBearer":"[secret]","ticketKey":"[secret]","grantKey":"[secret]"}',
    )
    expect(keys.ticketKey).to.have.lengthOf(SESSION_KEY_BYTES)
  })
})

describe('bearerHash', () => {
  it('is SHA-256 of the bearer', () => {
    // FIPS 180-4 over 32 zeros.
    const expected = '66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925'
    expect(Buffer.from(bearerHash(Secret.of(new Uint8Array(32)))).toString('hex')).to.equal(expected)
  })
})

import { expect } from 'chai'
import fc from 'fast-check'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { EMPTY, encrypt } from '#lib/noise/primitives.ts'
import { codeOf } from '../../support/code-of.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf } from '../../support/random.ts'

const KEY = bytesOf('key', 32)

function cipherAt(n: bigint): CipherState {
  const cipher = new CipherState()
  cipher.initializeKey(KEY)
  cipher.setNonceForTest(n)
  return cipher
}

/** n, as far as a cipher shows it: modulo 2^20. */
const placeOf = (cipher: CipherState): number => cipher.nonceModulo(2 ** 20)

describe('CipherState', () => {
  it('passes bytes through as they are while it has no key', () => {
    const cipher = new CipherState()
    expect(cipher.encryptWithAd(EMPTY, KEY)).to.equal(KEY)
    expect(cipher.decryptWithAd(EMPTY, KEY)).to.equal(KEY)
    expect(placeOf(cipher)).to.equal(0)
  })

  it('opens what another at the same place has sealed, at every place', () => {
    assertProperty(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 2n }),
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 200 }),
        (n, ad, plaintext) => {
          const ciphertext = cipherAt(n).encryptWithAd(ad, plaintext)
          const opener = cipherAt(n)
          expect(Uint8Array.from(opener.decryptWithAd(ad, ciphertext))).to.deep.equal(plaintext)
          expect(placeOf(opener)).to.equal(Number((n + 1n) % BigInt(2 ** 20)))
        },
      ),
    )
  })

  it('seals no two messages alike', () => {
    const cipher = cipherAt(0n)
    const sealed = Array.from({ length: 100 }, () => Buffer.from(cipher.encryptWithAd(EMPTY, KEY)).toString('hex'))
    expect(new Set(sealed).size).to.equal(100)
  })

  it('stays where it is after a failure', () => {
    const cipher = cipherAt(7n)
    expect(codeOf(() => cipher.decryptWithAd(EMPTY, KEY))).to.equal('ERR_DECRYPT')
    expect(placeOf(cipher)).to.equal(7)
    expect(cipher.decryptWithAd(EMPTY, cipherAt(7n).encryptWithAd(EMPTY, KEY))).to.deep.equal(KEY)
  })

  it('uses the nonce 2^64-2 and neither encrypts nor decrypts after it', () => {
    const last = 2n ** 64n - 2n
    const [sealer, opener] = [cipherAt(last), cipherAt(last)]
    expect(opener.decryptWithAd(EMPTY, sealer.encryptWithAd(EMPTY, KEY))).to.deep.equal(KEY)
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(codeOf(() => sealer.encryptWithAd(EMPTY, KEY))).to.equal('ERR_NONCE_EXHAUSTED')
      expect(codeOf(() => opener.decryptWithAd(EMPTY, KEY))).to.equal('ERR_NONCE_EXHAUSTED')
    }
  })

  it('renews its key by encrypting zeros under the reserved nonce, and keeps n', () => {
    const cipher = cipherAt(41n)
    cipher.rekey()
    expect(placeOf(cipher)).to.equal(41)
    const reserved = Buffer.concat([new Uint8Array(4), new Uint8Array(8).fill(0xff)])
    const renewed = encrypt(KEY, reserved, EMPTY, new Uint8Array(32)).subarray(0, 32)
    const expected = new CipherState()
    expected.initializeKey(renewed)
    expected.setNonceForTest(41n)
    expect(cipher.encryptWithAd(EMPTY, KEY)).to.deep.equal(expected.encryptWithAd(EMPTY, KEY))
  })

  it('has no key to renew before it has one, and takes none of another size', () => {
    expect(() => new CipherState().rekey()).to.throw(TypeError)
    expect(() => new CipherState().initializeKey(new Uint8Array(16))).to.throw(TypeError)
  })
})

import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  decrypt,
  EMPTY,
  encrypt,
  hash,
  hkdf,
  isUsablePublicKey,
  type KeyPair,
  keyPairFrom,
  TAG_BYTES,
} from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'
import { codeOf } from '../../support/code-of.ts'
import { LOW_ORDER_KEYS } from '../../support/low-order-keys.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf, keyPairOf } from '../../support/random.ts'
import { flips, insideLargerBuffer, truncations } from '../../support/tamper.ts'

const fromHex = (hex: string): Uint8Array => Buffer.from(hex, 'hex')
const someSecret = fc.uint8Array({ minLength: 32, maxLength: 32 })
const keyPair = (secretKey: Uint8Array): KeyPair => keyPairFrom(Secret.of(secretKey))

describe('keyPairFrom', () => {
  // RFC 7748, section 6.1.
  const alice = keyPair(fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'))
  const bob = keyPair(fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))

  it('makes the public keys and the shared secret of RFC 7748', () => {
    expect(alice.publicKey).to.deep.equal(fromHex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'))
    expect(bob.publicKey).to.deep.equal(fromHex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'))
    const shared = fromHex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742')
    expect(alice.dh(bob.publicKey)).to.deep.equal(shared)
    expect(bob.dh(alice.publicKey)).to.deep.equal(shared)
  })

  it('gives both ends the same result, whatever the keys', () => {
    assertProperty(
      fc.property(someSecret, someSecret, (one, other) => {
        expect(keyPair(one).dh(keyPair(other).publicKey)).to.deep.equal(keyPair(other).dh(keyPair(one).publicKey))
      }),
    )
  })

  it('refuses every public key of low order', () => {
    expect(LOW_ORDER_KEYS).to.have.lengthOf(14)
    for (const key of LOW_ORDER_KEYS) expect(codeOf(() => alice.dh(key))).to.equal('ERR_LOW_ORDER_KEY')
  })

  it('reads a public key that is a window into a larger buffer', () => {
    expect(alice.dh(insideLargerBuffer(bob.publicKey))).to.deep.equal(alice.dh(bob.publicKey))
  })

  it('takes keys of 32 bytes and no others', () => {
    expect(() => keyPair(new Uint8Array(31))).to.throw(TypeError)
    expect(() => alice.dh(new Uint8Array(33))).to.throw(TypeError)
  })

  it('shows its secret key to nothing that prints', () => {
    expect(JSON.stringify(alice)).to.include('[secret]').and.not.include('77')
  })
})

describe('isUsablePublicKey', () => {
  it('tells keys of low order from others', () => {
    for (const key of LOW_ORDER_KEYS) expect(isUsablePublicKey(key)).to.equal(false)
    assertProperty(
      fc.property(someSecret, (secretKey) => {
        expect(isUsablePublicKey(keyPair(secretKey).publicKey)).to.equal(true)
      }),
    )
  })
})

describe('hkdf', () => {
  // The formula of Noise, section 4.3, by hand.
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array =>
    createHmac('sha256', key).update(Buffer.concat(parts)).digest()

  it('follows the formula of the Noise specification', () => {
    assertProperty(
      fc.property(someSecret, fc.uint8Array({ maxLength: 64 }), (chainingKey, inputKeyMaterial) => {
        const temporary = hmac(chainingKey, inputKeyMaterial)
        const first = hmac(temporary, Uint8Array.of(1))
        const second = hmac(temporary, first, Uint8Array.of(2))
        const third = hmac(temporary, second, Uint8Array.of(3))
        expect(hkdf(chainingKey, inputKeyMaterial, 2)).to.deep.equal([first, second])
        expect(hkdf(chainingKey, inputKeyMaterial, 3)).to.deep.equal([first, second, third])
      }),
    )
  })
})

describe('hash', () => {
  it('is SHA-256 of its parts, one after the other', () => {
    const abc = fromHex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(hash(Buffer.from('abc'))).to.deep.equal(abc)
    expect(hash(Buffer.from('a'), EMPTY, Buffer.from('bc'))).to.deep.equal(abc)
  })
})

describe('encrypt and decrypt', () => {
  const key = bytesOf('key', 32)
  const nonce = bytesOf('nonce', 12)
  const ad = bytesOf('ad', 20)

  it('are AES-256-GCM', () => {
    // The GCM specification (McGrew and Viega), test case 14: all zeros.
    expect(encrypt(new Uint8Array(32), new Uint8Array(12), EMPTY, new Uint8Array(16))).to.deep.equal(
      fromHex('cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919'),
    )
  })

  it('undo each other, and leave what they were given as it was', () => {
    assertProperty(
      fc.property(
        someSecret,
        fc.uint8Array({ maxLength: 64 }),
        fc.uint8Array({ maxLength: 300 }),
        (k, a, plaintext) => {
          const before = Uint8Array.from(plaintext)
          const ciphertext = encrypt(k, nonce, a, plaintext)
          expect(ciphertext).to.have.lengthOf(plaintext.length + TAG_BYTES)
          const kept = Uint8Array.from(ciphertext)
          expect(Uint8Array.from(decrypt(k, nonce, a, ciphertext))).to.deep.equal(before)
          expect(plaintext).to.deep.equal(before)
          expect(Uint8Array.from(ciphertext)).to.deep.equal(kept)
        },
      ),
    )
  })

  it('read windows into larger buffers', () => {
    const plaintext = bytesOf('plaintext', 100)
    const ciphertext = encrypt(key, nonce, insideLargerBuffer(ad), insideLargerBuffer(plaintext))
    expect(decrypt(key, nonce, ad, insideLargerBuffer(ciphertext))).to.deep.equal(plaintext)
  })

  it('refuse every flipped bit, every truncation, another key, nonce or ad', () => {
    const ciphertext = encrypt(key, nonce, ad, bytesOf('plaintext', 24))
    for (const changed of [...flips(ciphertext), ...truncations(ciphertext)]) {
      expect(codeOf(() => decrypt(key, nonce, ad, changed))).to.equal('ERR_DECRYPT')
    }
    expect(codeOf(() => decrypt(bytesOf('other', 32), nonce, ad, ciphertext))).to.equal('ERR_DECRYPT')
    expect(codeOf(() => decrypt(key, bytesOf('other', 12), ad, ciphertext))).to.equal('ERR_DECRYPT')
    expect(codeOf(() => decrypt(key, nonce, EMPTY, ciphertext))).to.equal('ERR_DECRYPT')
  })
})

describe('keyPairOf', () => {
  it('gives tests the same keys in every run', () => {
    expect(keyPairOf('alice').publicKey).to.deep.equal(keyPairOf('alice').publicKey)
    expect(keyPairOf('alice').publicKey).to.not.deep.equal(keyPairOf('bob').publicKey)
  })
})

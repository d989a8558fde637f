import { expect } from 'chai'
import fc from 'fast-check'
import { KEY_BYTES, NONCE_BYTES, OVERHEAD_BYTES, openBytes, sealBytes, TAG_BYTES } from '#lib/aead.ts'
import { Secret } from '#lib/secret.ts'
import { assertProperty } from '../support/property.ts'
import { bytesOf, secretOf } from '../support/random.ts'
import { flips, insideLargerBuffer, truncations } from '../support/tamper.ts'

/** D. McGrew, J. Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B: those with a key of 256 bits. */
const VECTORS = [
  {
    name: 'test case 13',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    associatedData: '',
    plaintext: '',
    ciphertext: '',
    tag: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    name: 'test case 14',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    associatedData: '',
    plaintext: '00'.repeat(16),
    ciphertext: 'cea7403d4d606b6e074ec5d3baf39d18',
    tag: 'd0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    name: 'test case 16',
    key: 'feffe9928665731c6d6a8f9467308308'.repeat(2),
    nonce: 'cafebabefacedbaddecaf888',
    associatedData: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
      '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ciphertext:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
      '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
] as const

const KEY = secretOf('key')
const NONCE = bytesOf('nonce', NONCE_BYTES)
const DATA = Buffer.from('what both ends know')

const fromHex = (hex: string): Uint8Array => Buffer.from(hex, 'hex')

describe('sealBytes', () => {
  for (const { name, key, nonce, associatedData, plaintext, ciphertext, tag } of VECTORS) {
    it(`gives nonce, ciphertext and tag of ${name}`, () => {
      const sealed = sealBytes(Secret.of(fromHex(key)), fromHex(nonce), fromHex(associatedData), fromHex(plaintext))
      expect(Buffer.from(sealed).toString('hex')).to.equal(nonce + ciphertext + tag)
    })
  }

  it('is undone by openBytes', () => {
    const bytes = fc.uint8Array({ maxLength: 300 })
    const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    assertProperty(
      fc.property(exactly(KEY_BYTES), exactly(NONCE_BYTES), bytes, bytes, (keyBytes, nonce, data, plaintext) => {
        const key = Secret.of(keyBytes)
        const sealed = sealBytes(key, nonce, data, plaintext)
        expect(sealed).to.have.length(plaintext.length + OVERHEAD_BYTES)
        expect(openBytes(key, data, insideLargerBuffer(sealed))).to.deep.equal(Buffer.from(plaintext))
      }),
    )
  })

  for (const length of [0, 1, 15, 16, 17, 1024 * 1024]) {
    it(`seals ${length} bytes`, () => {
      const plaintext = Buffer.alloc(length, 0x61)
      expect(openBytes(KEY, DATA, sealBytes(KEY, NONCE, DATA, plaintext))?.equals(plaintext)).to.equal(true)
    })
  }

  it('takes no key and no nonce of another length', () => {
    for (const length of [0, KEY_BYTES - 1, KEY_BYTES + 1]) {
      const key = Secret.of(new Uint8Array(length))
      expect(() => sealBytes(key, NONCE, DATA, DATA)).to.throw(TypeError)
      expect(() => openBytes(key, DATA, new Uint8Array(OVERHEAD_BYTES))).to.throw(TypeError)
    }
    for (const length of [0, NONCE_BYTES - 1, NONCE_BYTES + 1, TAG_BYTES]) {
      expect(() => sealBytes(KEY, new Uint8Array(length), DATA, DATA)).to.throw(TypeError)
    }
  })
})

describe('openBytes', () => {
  for (const plaintext of [new Uint8Array(0), bytesOf('plaintext', 40)]) {
    const sealed = sealBytes(KEY, NONCE, DATA, plaintext)

    describe(`of ${plaintext.length} bytes`, () => {
      it('refuses every flipped bit: of the nonce, of the ciphertext and of the tag', () => {
        for (const flipped of flips(sealed)) expect(openBytes(KEY, DATA, flipped)).to.equal(undefined)
      })

      it('refuses every shorter beginning and end, and a byte too many at either', () => {
        for (const shorter of truncations(sealed)) {
          expect(openBytes(KEY, DATA, shorter)).to.equal(undefined)
          expect(openBytes(KEY, DATA, sealed.subarray(sealed.length - shorter.length))).to.equal(undefined)
        }
        const one = Uint8Array.of(0)
        expect(openBytes(KEY, DATA, Buffer.concat([sealed, one]))).to.equal(undefined)
        expect(openBytes(KEY, DATA, Buffer.concat([one, sealed]))).to.equal(undefined)
      })

      it('refuses every other associated data', () => {
        for (const data of [...flips(DATA), ...truncations(DATA), Buffer.concat([DATA, Uint8Array.of(0)])]) {
          expect(openBytes(KEY, data, sealed)).to.equal(undefined)
        }
      })

      it('refuses every other key', () => {
        for (const other of flips(KEY.reveal())) expect(openBytes(Secret.of(other), DATA, sealed)).to.equal(undefined)
      })
    })
  }

  it('does not take bytes of the plaintext for associated data', () => {
    const sealed = sealBytes(KEY, NONCE, Buffer.from('ab'), Buffer.from('cd'))
    expect(openBytes(KEY, Buffer.from('abc'), sealed)).to.equal(undefined)
    expect(openBytes(KEY, Buffer.from('a'), sealed)).to.equal(undefined)
  })

  it('gives memory of its own', () => {
    const sealed = sealBytes(KEY, NONCE, DATA, DATA)
    const opened = openBytes(KEY, DATA, sealed)
    sealed.fill(0)
    expect(opened?.equals(DATA)).to.equal(true)
  })
})

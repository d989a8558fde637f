import { expect } from 'chai'
import {
  ENCAPSULATION_KEY_BYTES,
  encapsulate,
  KEM_CIPHERTEXT_BYTES,
  KEM_SEED_BYTES,
  kemKeyPairFrom,
} from '#lib/channel/kem.ts'
import { Secret } from '#lib/secret.ts'
import { codeOf } from '../../support/code-of.ts'
import { bytesOf } from '../../support/random.ts'
import { flip, insideLargerBuffer } from '../../support/tamper.ts'

const keyPair = kemKeyPairFrom(Secret.of(bytesOf('seed', KEM_SEED_BYTES)))

describe('ML-KEM-768', () => {
  it('has the sizes of FIPS 203', () => {
    expect([keyPair.encapsulationKey.length, encapsulate(keyPair.encapsulationKey).ciphertext.length]).to.deep.equal([
      ENCAPSULATION_KEY_BYTES,
      KEM_CIPHERTEXT_BYTES,
    ])
    expect([ENCAPSULATION_KEY_BYTES, KEM_CIPHERTEXT_BYTES]).to.deep.equal([1184, 1088])
  })

  it('gives both ends one secret, and another each time', () => {
    const [first, second] = [
      encapsulate(insideLargerBuffer(keyPair.encapsulationKey)),
      encapsulate(keyPair.encapsulationKey),
    ]
    expect(keyPair.decapsulate(insideLargerBuffer(first.ciphertext)).equals(first.shared)).to.equal(true)
    expect(first.shared.equals(second.shared)).to.equal(false)
  })

  it('makes the same key of the same seed', () => {
    const again = kemKeyPairFrom(Secret.of(bytesOf('seed', KEM_SEED_BYTES)))
    expect(again.encapsulationKey).to.deep.equal(keyPair.encapsulationKey)
  })

  it('gives another secret, and no error, for a ciphertext that was changed', () => {
    const { ciphertext, shared } = encapsulate(keyPair.encapsulationKey)
    expect(keyPair.decapsulate(flip(ciphertext, 4711)).equals(shared)).to.equal(false)
  })

  it('refuses an encapsulation key that is none', () => {
    for (const wrong of [Buffer.alloc(ENCAPSULATION_KEY_BYTES, 0xff), Buffer.alloc(0)]) {
      expect(codeOf(() => encapsulate(wrong))).to.equal('ERR_HELLO_MALFORMED')
    }
  })

  it('takes seeds and ciphertexts of their one size', () => {
    expect(() => kemKeyPairFrom(Secret.of(new Uint8Array(32)))).to.throw(TypeError)
    expect(() => keyPair.decapsulate(new Uint8Array(KEM_CIPHERTEXT_BYTES - 1))).to.throw(TypeError)
  })
})

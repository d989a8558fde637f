import { expect } from 'chai'
import { fingerprintOf } from '#lib/trust/fingerprint.ts'
import { safetyNumberOf } from '#lib/trust/safety-number.ts'
import { bytes, readVectors } from '../support/own-vectors.ts'
import { hex } from './inputs.ts'

describe('safety-number.json', () => {
  for (const vector of readVectors('safety-number.json').vectors) {
    it(`holds for ${vector.own_name} and ${vector.other_name}`, () => {
      const realm = bytes(vector.realm)
      const own = fingerprintOf({ realm, name: vector.own_name, identityKey: bytes(vector.own_identity_key) })
      const other = fingerprintOf({ realm, name: vector.other_name, identityKey: bytes(vector.other_identity_key) })
      expect(hex(own.bytes)).to.equal(vector.own_fingerprint)
      expect(own.digits).to.equal(vector.own_digits)
      expect(hex(other.bytes)).to.equal(vector.other_fingerprint)
      expect(other.digits).to.equal(vector.other_digits)

      const { digits, words, qrText } = safetyNumberOf(own, other)
      expect(digits).to.equal(vector.digits)
      expect(words.join(' ')).to.equal(vector.words)
      expect(qrText).to.equal(vector.qr)
    })
  }
})

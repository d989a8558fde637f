import { expect } from 'chai'
import fc from 'fast-check'
import { FINGERPRINT_BYTES, FINGERPRINT_DIGITS, fingerprintOf } from '#lib/trust/fingerprint.ts'
import { anyBytes, anyName } from '../../support/arbitrary.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf } from '../../support/random.ts'

const ALICE = { realm: bytesOf('realm', 32), name: 'alice', identityKey: bytesOf('key', 32) }

describe('fingerprintOf', () => {
  it('has 64 bytes and 30 digits, whoever it is', () => {
    const anyone = fc.record({ realm: anyBytes(32), name: anyName, identityKey: anyBytes(32) })
    assertProperty(
      fc.property(anyone, (person) => {
        const { bytes, digits } = fingerprintOf(person)
        expect(bytes).to.have.lengthOf(FINGERPRINT_BYTES)
        expect(digits).to.match(new RegExp(`^\\d{${FINGERPRINT_DIGITS}}$`))
      }),
      5,
    )
  })

  it('is the same each time', () => {
    expect(fingerprintOf(ALICE)).to.deep.equal(fingerprintOf({ ...ALICE }))
  })

  const others: [what: string, person: typeof ALICE][] = [
    ['realm', { ...ALICE, realm: bytesOf('another realm', 32) }],
    ['name', { ...ALICE, name: 'alicf' }],
    ['identity key', { ...ALICE, identityKey: bytesOf('another key', 32) }],
  ]
  for (const [what, person] of others) {
    it(`is another for another ${what}`, () => {
      expect(fingerprintOf(person).digits).not.to.equal(fingerprintOf(ALICE).digits)
    })
  }

  it('takes no realm and no key of another length', () => {
    expect(() => fingerprintOf({ ...ALICE, realm: new Uint8Array(31) })).to.throw(TypeError)
    expect(() => fingerprintOf({ ...ALICE, identityKey: new Uint8Array(33) })).to.throw(TypeError)
  })
})

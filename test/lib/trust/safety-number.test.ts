import { expect } from 'chai'
import fc from 'fast-check'
import { type Fingerprint, fingerprintOf } from '#lib/trust/fingerprint.ts'
import { safetyNumberOf, safetyNumberRows } from '#lib/trust/safety-number.ts'
import { anyBytes, anyName } from '../../support/arbitrary.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf } from '../../support/random.ts'

const personOf = (name: string, key = `key of ${name}`) =>
  fingerprintOf({ realm: bytesOf('realm', 32), name, identityKey: bytesOf(key, 32) })

describe('safetyNumberOf', () => {
  it('is the same for both, whoever they are', () => {
    const realms = anyBytes(32)
    const people = fc.tuple(realms, anyName, anyBytes(32), anyName, anyBytes(32))
    assertProperty(
      fc.property(people, ([realm, ownName, ownKey, otherName, otherKey]) => {
        const own = fingerprintOf({ realm, name: ownName, identityKey: ownKey })
        const other = fingerprintOf({ realm, name: otherName, identityKey: otherKey })
        expect(safetyNumberOf(own, other)).to.deep.equal(safetyNumberOf(other, own))
      }),
      5,
    )
  })

  it('has the lower digits first', () => {
    const lower: Fingerprint = { bytes: new Uint8Array(64).fill(0xff), digits: '1'.repeat(30) }
    const higher: Fingerprint = { bytes: new Uint8Array(64), digits: '2'.repeat(30) }
    expect(safetyNumberOf(higher, lower).digits).to.equal('1'.repeat(30) + '2'.repeat(30))
    expect(safetyNumberOf(higher, lower).qrText).to.equal(`SOTTO1:${'FF'.repeat(64)}${'00'.repeat(64)}`)
  })

  it('is the same for both even where the digits are', () => {
    const one: Fingerprint = { bytes: new Uint8Array(64).fill(1), digits: '1'.repeat(30) }
    const other: Fingerprint = { bytes: new Uint8Array(64).fill(2), digits: '1'.repeat(30) }
    expect(safetyNumberOf(one, other)).to.deep.equal(safetyNumberOf(other, one))
  })

  it('changes in all its forms with one key', () => {
    const before = safetyNumberOf(personOf('alice'), personOf('bob'))
    const after = safetyNumberOf(personOf('alice'), personOf('bob', 'another key'))
    expect(after.digits).not.to.equal(before.digits)
    expect(after.words).not.to.deep.equal(before.words)
    expect(after.qrText).not.to.equal(before.qrText)
  })
})

describe('safetyNumberRows', () => {
  it('has twelve groups of five digits and twelve words, four to a row', () => {
    const number = safetyNumberOf(personOf('alice'), personOf('bob'))
    const { digits, words } = safetyNumberRows(number)
    expect(digits).to.have.lengthOf(3)
    for (const row of digits) expect(row).to.match(/^\d{5}( \d{5}){3}$/)
    expect(digits.join('').replaceAll(' ', '')).to.equal(number.digits)
    expect(words.map((row) => row.split(' ').length)).to.deep.equal([4, 4, 4])
    expect(words.join(' ')).to.equal(number.words.join(' '))
  })
})

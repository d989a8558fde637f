import { expect } from 'chai'
import fc from 'fast-check'
import { openProfile, sealProfile } from '../../../clients/profile/seal.ts'
import { codeOf } from '../../support/code-of.ts'
import { assertProperty } from '../../support/property.ts'
import { secretOf } from '../../support/random.ts'
import { flips, truncations } from '../../support/tamper.ts'

const KEY = secretOf('profile key')

describe('sealProfile', () => {
  it('is undone by openProfile, whatever is inside', () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (plaintext) => {
        expect(Buffer.from(openProfile(KEY, sealProfile(KEY, plaintext)))).to.deep.equal(Buffer.from(plaintext))
      }),
    )
  })

  it('never gives the same bytes twice', () => {
    const plaintext = Buffer.from('the same')
    expect(sealProfile(KEY, plaintext)).not.to.deep.equal(sealProfile(KEY, plaintext))
  })
})

describe('openProfile', () => {
  const sealed = sealProfile(KEY, Buffer.from('who I am and whom I know'))

  it('refuses a change of any bit', () => {
    for (const changed of flips(sealed)) expect(codeOf(() => openProfile(KEY, changed))).to.equal('ERR_PROFILE_DAMAGED')
  })

  it('refuses to be cut off at any length', () => {
    for (const cut of truncations(sealed)) expect(codeOf(() => openProfile(KEY, cut))).to.equal('ERR_PROFILE_DAMAGED')
  })

  it('refuses another key', () => {
    expect(codeOf(() => openProfile(secretOf('another'), sealed))).to.equal('ERR_PROFILE_DAMAGED')
  })
})

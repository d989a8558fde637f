import { expect } from 'chai'
import { argon2id, fastestArgon2id, portableArgon2id } from '../../../../services/auth/passwords/argon2id.ts'
import {
  DEFAULT_PASSWORD_PARAMETERS,
  encodePasswordHash,
  hashPassword,
  parsePasswordHash,
  SALT_BYTES,
  TAG_BYTES,
  verifyPassword,
} from '../../../../services/auth/passwords/password-hash.ts'
import { passwordOf, QUICK_PARAMETERS } from '../../../support/auth-records.ts'
import { codeOf } from '../../../support/code-of.ts'

/** From the tests of the reference implementation (https://github.com/P-H-C/phc-winner-argon2, src/test.c). */
const PUBLISHED = [
  { parallelism: 1, tag: '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe' },
  { parallelism: 2, tag: '6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037' },
]

const PHC = `$argon2id$v=19$m=8,t=1,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}`

describe('hashPassword', () => {
  it('makes a hash that its password verifies and no other does', async () => {
    const made = await hashPassword(passwordOf('correct horse'), QUICK_PARAMETERS)
    expect(await verifyPassword(passwordOf('correct horse'), made)).to.equal(true)
    for (const other of ['correct hors', 'correct horse ', 'Correct horse', '']) {
      expect(await verifyPassword(passwordOf(other), made)).to.equal(false)
    }
  })

  it('draws another salt each time, of the sizes that it states', async () => {
    const [one, other] = await Promise.all([
      hashPassword(passwordOf('same'), QUICK_PARAMETERS),
      hashPassword(passwordOf('same'), QUICK_PARAMETERS),
    ])
    expect(one.salt).to.have.length(SALT_BYTES).and.not.deep.equal(other.salt)
    expect(one.tag).to.have.length(TAG_BYTES).and.not.deep.equal(other.tag)
  })
})

describe('verifyPassword', () => {
  it('computes by the package, which is several times as fast', async () => {
    expect(await fastestArgon2id()).to.not.equal(portableArgon2id)
  })

  for (const [by, compute] of Object.entries({ 'the package': argon2id, 'node:crypto': portableArgon2id })) {
    it(`agrees with the reference implementation, by ${by}`, async () => {
      for (const { parallelism, tag } of PUBLISHED) {
        const stored = {
          parameters: { memoryKib: 256, passes: 2, parallelism },
          salt: Buffer.from('somesalt'),
          tag: Buffer.from(tag, 'hex'),
        }
        expect(await verifyPassword(passwordOf('password'), stored, compute)).to.equal(true)
        expect(await verifyPassword(passwordOf('passwort'), stored, compute)).to.equal(false)
      }
    })
  }
})

describe('parsePasswordHash', () => {
  it('reads what encodePasswordHash writes', async () => {
    const made = await hashPassword(passwordOf('x'), QUICK_PARAMETERS)
    const phc = encodePasswordHash(made)
    expect(phc).to.match(/^\$argon2id\$v=19\$m=8,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(parsePasswordHash(phc)).to.deep.equal(made)
  })

  it('refuses what is not a hash of ours, or would cost without bound', () => {
    const [, , , , salt, tag] = PHC.split('$')
    expect(parsePasswordHash(PHC).parameters).to.deep.equal(QUICK_PARAMETERS)
    const damaged = [
      '',
      'password',
      PHC.replace('argon2id', 'argon2i'),
      PHC.replace('v=19', 'v=16'),
      PHC.slice(0, -1),
      `${PHC}A`,
      `$argon2id$v=19$m=1048577,t=2,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=4,t=2,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=8,t=65,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=8,t=0,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=8,t=2,p=0$${salt}$${tag}`,
    ]
    for (const phc of damaged)
      expect(
        codeOf(() => parsePasswordHash(phc)),
        phc,
      ).to.equal('ERR_STORE')
  })
})

describe('DEFAULT_PASSWORD_PARAMETERS', () => {
  it('are 19 MiB, 2 passes and 1 lane', () => {
    expect(DEFAULT_PASSWORD_PARAMETERS).to.deep.equal({ memoryKib: 19_456, passes: 2, parallelism: 1 })
  })
})

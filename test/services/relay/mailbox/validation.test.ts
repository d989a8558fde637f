import { expect } from 'chai'
import { isSottoError } from '#lib/errors.ts'
import {
  checkCollectRequest,
  checkPostRequest,
  checkPutPrekeysRequest,
  checkTakePrekeyRequest,
} from '../../../../services/relay/mailbox/validation.ts'

/** The fields that a check complains of; none if it passes. */
function faultsOf(check: () => void): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!isSottoError(error, 'ERR_INVALID_ARGUMENT')) throw error
    return error.violations.map(({ field }) => field)
  }
}

const prekey = { prekeyId: Buffer.alloc(16), publicKey: Buffer.alloc(32), encapsulationKey: Buffer.alloc(1_184) }
const many = <T>(count: number, each: T): T[] => Array<T>(count).fill(each)
const nobody = { username: 'Bob', sessionId: Buffer.alloc(15) }
const bob = { username: 'bob', sessionId: Buffer.alloc(16) }

describe("the mailbox's requests", () => {
  it('are taken up to their limits', () => {
    const ids = many(128, Buffer.alloc(16))
    const put = { prekeys: many(32, prekey), lastResort: prekey, withdrawnIds: ids }
    expect(faultsOf(() => checkPutPrekeysRequest(put))).to.deep.equal([])
    expect(faultsOf(() => checkPutPrekeysRequest({ prekeys: [], withdrawnIds: [] }))).to.deep.equal([])
    expect(faultsOf(() => checkTakePrekeyRequest(bob))).to.deep.equal([])
    for (const bytes of [1, 65_024]) {
      expect(faultsOf(() => checkPostRequest({ ...bob, letter: Buffer.alloc(bytes) }))).to.deep.equal([])
    }
    expect(faultsOf(() => checkCollectRequest({ letterIds: ids }))).to.deep.equal([])
  })

  it('are refused beyond, and every field that is wrong is named', () => {
    const bad = { ...prekey, prekeyId: Buffer.alloc(15) }
    const wrong = { prekeys: [bad], lastResort: bad, withdrawnIds: [Buffer.alloc(17)] }
    expect(faultsOf(() => checkPutPrekeysRequest(wrong))).to.deep.equal(['prekeys', 'last_resort', 'withdrawn_ids'])
    const tooMany = { prekeys: many(33, prekey), withdrawnIds: many(129, Buffer.alloc(16)) }
    expect(faultsOf(() => checkPutPrekeysRequest(tooMany))).to.deep.equal(['prekeys', 'withdrawn_ids'])
    expect(faultsOf(() => checkTakePrekeyRequest(nobody))).to.deep.equal(['username', 'session_id'])
    for (const bytes of [0, 65_025]) {
      const post = { ...nobody, letter: Buffer.alloc(bytes) }
      expect(faultsOf(() => checkPostRequest(post))).to.deep.equal(['username', 'session_id', 'letter'])
    }
    expect(faultsOf(() => checkCollectRequest({ letterIds: [Buffer.alloc(15)] }))).to.deep.equal(['letter_ids'])
  })
})

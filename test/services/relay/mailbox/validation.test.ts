import { expect } from 'chai'
import { isSottoError } from '#lib/errors.ts'
import {
  checkCollectRequest,
  checkPostLettersRequest,
  checkPutPrekeysRequest,
  checkTakePrekeysRequest,
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
    for (const receivers of [[bob], many(32, bob)]) {
      expect(faultsOf(() => checkTakePrekeysRequest({ receivers }))).to.deep.equal([])
    }
    for (const bytes of [1, 65_024]) {
      const letter = { ...bob, letter: Buffer.alloc(bytes) }
      for (const letters of [[letter], many(32, letter)]) {
        expect(faultsOf(() => checkPostLettersRequest({ letters }))).to.deep.equal([])
      }
    }
    expect(faultsOf(() => checkCollectRequest({ letterIds: ids }))).to.deep.equal([])
  })

  it('are refused beyond, and every field that is wrong is named', () => {
    const bad = { ...prekey, prekeyId: Buffer.alloc(15) }
    const wrong = { prekeys: [bad], lastResort: bad, withdrawnIds: [Buffer.alloc(17)] }
    expect(faultsOf(() => checkPutPrekeysRequest(wrong))).to.deep.equal(['prekeys', 'last_resort', 'withdrawn_ids'])
    const tooMany = { prekeys: many(33, prekey), withdrawnIds: many(129, Buffer.alloc(16)) }
    expect(faultsOf(() => checkPutPrekeysRequest(tooMany))).to.deep.equal(['prekeys', 'withdrawn_ids'])
    const receivers = [nobody, bob, nobody]
    expect(faultsOf(() => checkTakePrekeysRequest({ receivers }))).to.deep.equal([
      'receivers[0, 2].username',
      'receivers[0, 2].session_id',
    ])
    for (const count of [0, 33]) {
      expect(faultsOf(() => checkTakePrekeysRequest({ receivers: many(count, bob) }))).to.deep.equal(['receivers'])
      const letters = many(count, { ...bob, letter: Buffer.of(1) })
      expect(faultsOf(() => checkPostLettersRequest({ letters }))).to.deep.equal(['letters'])
    }
    for (const bytes of [0, 65_025]) {
      const letters = [
        { ...bob, letter: Buffer.of(1) },
        { ...nobody, letter: Buffer.alloc(bytes) },
      ]
      expect(faultsOf(() => checkPostLettersRequest({ letters }))).to.deep.equal([
        'letters[1].username',
        'letters[1].session_id',
        'letters[1].letter',
      ])
    }
    expect(faultsOf(() => checkCollectRequest({ letterIds: [Buffer.alloc(15)] }))).to.deep.equal(['letter_ids'])
  })
})

import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { asStoreError, isConflict } from '#lib/runtime/database/postgres-errors.ts'

/** An error as node-postgres or the system makes one. */
function failure(code: string | undefined, message = 'words of the database'): Error {
  return Object.assign(new Error(message), { code })
}

const CODES: readonly (readonly [code: string | undefined, message: string, expected: string])[] = [
  ['08006', '', 'ERR_UNAVAILABLE'],
  ['57P01', '', 'ERR_UNAVAILABLE'],
  ['57P03', '', 'ERR_UNAVAILABLE'],
  ['57014', '', 'ERR_UNAVAILABLE'],
  ['53300', '', 'ERR_UNAVAILABLE'],
  ['ECONNREFUSED', '', 'ERR_UNAVAILABLE'],
  ['ECONNRESET', '', 'ERR_UNAVAILABLE'],
  ['ENOTFOUND', '', 'ERR_UNAVAILABLE'],
  [undefined, 'Connection terminated unexpectedly', 'ERR_UNAVAILABLE'],
  [undefined, 'timeout exceeded when trying to connect', 'ERR_UNAVAILABLE'],
  [undefined, 'Query read timeout', 'ERR_UNAVAILABLE'],
  ['53100', '', 'ERR_SERVER_DISK_FULL'],
  ['25006', '', 'ERR_SERVER_STORE'],
  ['42501', '', 'ERR_SERVER_STORE'],
  ['58030', '', 'ERR_SERVER_STORE'],
  ['28P01', '', 'ERR_STORE'],
  ['3D000', '', 'ERR_STORE'],
  ['40001', '', 'ERR_BUSY'],
  ['40P01', '', 'ERR_BUSY'],
]

describe('asStoreError', () => {
  for (const [code, message, expected] of CODES) {
    it(`takes ${code ?? message} for ${expected}, and names nothing of the database`, () => {
      const cause = failure(code, message || 'password authentication failed for user "sotto"')
      const error = asStoreError(cause) as SottoError
      expect(error).to.be.instanceOf(SottoError)
      expect([error.code, error.cause]).to.deep.equal([expected, cause])
      expect(error.message).not.to.include('"sotto"')
      if (expected === 'ERR_UNAVAILABLE' || expected === 'ERR_BUSY') expect(error.retryAfterMs).to.be.above(0)
    })
  }

  it('leaves a mistake of our own what it is', () => {
    for (const mistake of [failure('23505'), failure('42P01'), new TypeError('no such thing'), 'text']) {
      expect(asStoreError(mistake)).to.equal(mistake)
    }
  })
})

describe('isConflict', () => {
  it('tells of what others got in the way of, and of nothing else', () => {
    const tellings = ['40001', '40P01', '57P01', '23505'].map((code) => isConflict(asStoreError(failure(code))))
    expect(tellings).to.deep.equal([true, true, false, false])
  })
})

/**
 * The error code with which something is refused.
 *
 * @module
 */
import { isSottoError } from '#lib/errors.ts'

/**
 * Run something that must be refused.
 *
 * @returns The code of the SottoError that it threw, or `none` if it threw nothing. Anything else that it throws goes
 *   on: a stray TypeError is not a refusal.
 */
export function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (thrown) {
    if (isSottoError(thrown)) return thrown.code
    throw thrown
  }
  return 'none'
}

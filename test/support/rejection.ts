/**
 * The rejection of a promise, for tests of what is refused.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'

/**
 * Await something that must be refused.
 *
 * @returns The SottoError; whatever else it rejects with goes on.
 * @throws Error if it resolves.
 */
export async function rejection(promise: Promise<unknown>): Promise<SottoError> {
  try {
    await promise
  } catch (thrown) {
    if (thrown instanceof SottoError) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

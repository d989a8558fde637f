/**
 * What a client makes of the refusal of one of several things that a call was about, of which the others may have succeeded:
 * an error in the words of one for a call that is refused.
 *
 * @module
 */
import type { Duration } from '#gen/google/protobuf/duration.ts'
import { type ErrorCode, SottoError } from '../errors.ts'
import { fromRetryDelay } from './retry-delay.ts'
import { EXPLANATIONS } from './status-table.ts'

/**
 * The error for a refusal.
 *
 * @param code - One that the contract has for it: that a client knows it says nothing of whether it may come.
 * @param retryDelay - As it came, where it did.
 */
export function refusedEntry(code: ErrorCode, retryDelay?: Duration): SottoError {
  const { message, hint } = EXPLANATIONS[code] ?? { message: 'the server refuses it', hint: 'try again in a moment' }
  return new SottoError(code, message, {
    hint,
    ...(retryDelay !== undefined && { retryAfterMs: fromRetryDelay(retryDelay) }),
  })
}

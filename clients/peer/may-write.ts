/**
 * Asks whether a contact may be written to, when they can be called: a doubt about their key lasts only until their own
 * client proves the pinned one, so that client is called first.
 *
 * @module
 */
import { isSottoError } from '#lib/errors.ts'
import { conversationRefusal, WritePermission } from '#lib/trust/permission.ts'
import { mayWrite, policyOf } from '../profile/permission.ts'
import { type Greeting, proveKey } from './greet.ts'

/**
 * Ask whether a contact may be written to; in a doubt about their key, once they were called.
 *
 * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_MISMATCH`; `ERR_KEY_CHANGED` if the doubt stands, for whatever reason; what
 *   the signal was aborted with.
 */
export async function mayWriteOnceProven(
  calling: Greeting,
  name: string,
  signal: AbortSignal,
): Promise<WritePermission> {
  const { profile } = calling
  const policy = policyOf(await profile.refresh(), name)
  const isDoubted = policy.pin?.changedTo !== undefined && conversationRefusal(policy) === undefined
  if (!isDoubted) return WritePermission.of(policy)
  try {
    await proveKey(calling, name, signal)
  } catch (error) {
    signal.throwIfAborted()
    // They are away, or said to have another key still: what is asked next says what that means.
    if (!isSottoError(error)) throw error
  }
  return await mayWrite(profile, name)
}

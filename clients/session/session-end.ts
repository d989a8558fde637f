/**
 * The errors for a session that has ended, or whose announcement was replaced, with what to type then.
 *
 * @module
 */
import { isSottoError, SottoError } from '#lib/errors.ts'
import { loginLine } from '../profile/login-line.ts'
import type { SignedIn } from '../profile/state.ts'

/** A failure of a call to a service: that the session has ended comes with how to begin another, the rest as it is. */
export function explained(error: unknown, { username, profileName }: SignedIn): unknown {
  if (!isSottoError(error, 'ERR_SESSION_ENDED')) return error
  return new SottoError(error.code, error.message, {
    cause: error,
    hint: `sign in again with: ${loginLine(username, profileName)}`,
  })
}

/**
 * Find out why an announcement was replaced, as far as possible. Somebody who takes over an account ends its sessions
 * first; somebody with a copy of the profile does not.
 *
 * @param error - `ERR_ANNOUNCE_REPLACED`.
 * @param ask - Any call with the session. It fails with `ERR_SESSION_ENDED` if that has ended.
 */
export async function whyReplaced(
  error: SottoError,
  { username, profileName }: SignedIn,
  ask: () => Promise<unknown>,
): Promise<SottoError> {
  const login = loginLine(username, profileName)
  try {
    await ask()
  } catch (cause) {
    if (isSottoError(cause, 'ERR_SESSION_ENDED')) {
      return new SottoError('ERR_SESSION_ENDED', 'the session has ended, and the account is online elsewhere', {
        cause,
        hint: `if that is not you, have the administrator set another password; to sign in here again: ${login}`,
      })
    }
    // Whoever has replaced it has done so, whether the directory answers now or not.
  }
  return new SottoError(error.code, error.message, {
    cause: error,
    hint: `one of yours is online at a time, and the newest is: leave that one and start this again to take it back; if no other is yours, see whether this one still signs in: ${login}`,
  })
}

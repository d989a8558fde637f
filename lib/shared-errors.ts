/**
 * The refusals that Auth and the directory share, in the same words.
 *
 * @module
 */
import { SottoError } from './errors.ts'

/** Nobody is told which of these it was: no bearer, an unknown one, an expired one, or one of an ended session. */
export function sessionEnded(): SottoError {
  return new SottoError('ERR_SESSION_ENDED', 'the session has ended, or there was none', { hint: 'log in again' })
}

export function chatWithSelf(): SottoError {
  return new SottoError('ERR_CHAT_WITH_SELF', 'a chat with oneself is refused', { hint: 'name somebody else' })
}

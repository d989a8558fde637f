/**
 * What the directory refuses, where more than one of its parts says so.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'

/** Nobody is told which of these it was: no bearer, an unknown one, an expired one, or one of an ended session. */
export function sessionEnded(): SottoError {
  return new SottoError('ERR_SESSION_ENDED', 'the session has ended, or there was none', { hint: 'log in again' })
}

export function notOnline(): SottoError {
  return new SottoError('ERR_NOT_ONLINE', 'the account is not online', { hint: 'try again when they are' })
}

export function chatWithSelf(): SottoError {
  return new SottoError('ERR_CHAT_WITH_SELF', 'a chat with oneself is refused', { hint: 'name somebody else' })
}

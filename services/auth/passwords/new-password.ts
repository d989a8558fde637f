/**
 * The rules for a new password, checked when it is set. An older password is accepted as it is.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import { countTypedCharacters, MIN_TYPED_CHARACTERS, prepareTypedSecret } from '#lib/typed-secret.ts'
import { MAX_PASSWORD_BYTES } from '../validation.ts'
import { isCommonPassword } from './commonest.ts'

/**
 * Check a password before it is set.
 *
 * @param username - Of the account, which is no password for it.
 * @throws SottoError `ERR_INVALID_ARGUMENT` if it is too short, too long, or among the first that anybody would try.
 */
export function checkNewPassword(username: string, password: Secret): void {
  const text = Buffer.from(prepareTypedSecret(password).reveal()).toString('utf8')
  if (countTypedCharacters(password) < MIN_TYPED_CHARACTERS) {
    throw refused(`a password has ${MIN_TYPED_CHARACTERS} characters at least`, 'several words make a good one')
  }
  if (password.length > MAX_PASSWORD_BYTES) {
    throw refused(`a password has ${MAX_PASSWORD_BYTES} bytes at most`, 'take a shorter one')
  }
  if (isCommonPassword(text) || text.toLowerCase() === username || /^(.)\1*$/u.test(text)) {
    throw refused(
      'the password is one of the first that anybody would try',
      'take another; several words make a good one',
    )
  }
}

function refused(message: string, hint: string): SottoError {
  return new SottoError('ERR_INVALID_ARGUMENT', message, {
    hint,
    violations: [{ field: 'password', description: message }],
  })
}

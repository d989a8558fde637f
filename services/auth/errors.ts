/**
 * The refusals of Auth.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'

/** Nobody is told which it was: an unknown name, or a wrong password. */
export function loginRefused(): SottoError {
  return new SottoError('ERR_LOGIN_REFUSED', 'unknown user or wrong password', {
    hint: 'check both; whoever runs the server can set a new password',
  })
}

export function identityConflict(): SottoError {
  return new SottoError('ERR_IDENTITY_CONFLICT', 'the account belongs to another installation', {
    hint: 'log in from that one, or replace its key: every contact then sees that it changed',
  })
}

export function noSuchUser(): SottoError {
  return new SottoError('ERR_NO_SUCH_USER', 'there is no account of this name', { hint: 'check the name' })
}

export function accountExists(names: readonly string[]): SottoError {
  const [first, ...others] = names
  const what = others.length === 0 ? `is an account named ${first}` : `are accounts named ${names.join(', ')}`
  return new SottoError('ERR_ACCOUNT_EXISTS', `there ${what} already`, {
    hint: 'take another name; nothing was changed',
  })
}

export function noInstallation(dataFolder: string): SottoError {
  return new SottoError('ERR_CONFIG', `there is no installation in ${dataFolder}`, {
    hint: 'set SOTTO_HOME to where it is; one begins with the first start of Auth, as by sotto up',
  })
}

/** @param path - Of the authority's folder, or the wrapping key's file. */
export function noSharedKeys(path: string): SottoError {
  return new SottoError('ERR_CONFIG', `there is no ${path}, which all replicas of Auth share`, {
    hint: 'make it once, as by sotto admin init, and give it to each of them',
  })
}

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

/** Told only to those who know the password. */
export function accountDisabled(): SottoError {
  return new SottoError('ERR_ACCOUNT_DISABLED', 'the account is disabled', { hint: 'ask whoever runs the server' })
}

/** Told only to those who know the password. */
export function codeRequired(): SottoError {
  return new SottoError('ERR_CODE_REQUIRED', 'a code of the second factor is needed')
}

/** Told only to those who know the password. */
export function codeRefused(): SottoError {
  return new SottoError('ERR_CODE_REFUSED', 'the code is wrong, or has served')
}

/** Told only to those who know the password. */
export function enrolmentRequired(): SottoError {
  return new SottoError('ERR_ENROLMENT_REQUIRED', 'the account has no second factor')
}

export function secondFactorDemanded(): SottoError {
  return new SottoError('ERR_TURNED_OFF', 'the host asks everybody for a second factor')
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

/** Of names for which others have been invited already. */
export function invitesExist(names: readonly string[]): SottoError {
  const [first, ...others] = names
  const whom = others.length === 0 ? `an invite waits for ${first}` : `invites wait for ${names.join(', ')}`
  return new SottoError('ERR_ACCOUNT_EXISTS', `${whom} already`, {
    hint: 'take another name, or withdraw it first: see sotto admin invites; nothing was changed',
  })
}

/** Nobody is told which it was. */
export function inviteRefused(): SottoError {
  return new SottoError('ERR_INVITE_REFUSED', 'the invite is not taken', {
    hint: 'each serves once and for some days; whoever runs the server can make another',
  })
}

export function signUpClosed(): SottoError {
  return new SottoError('ERR_TURNED_OFF', 'nobody can sign up at this server', { hint: 'ask whoever runs it' })
}

export function rosterOff(): SottoError {
  return new SottoError('ERR_TURNED_OFF', 'members are not listed at this server', {
    hint: 'ask people for their names',
  })
}

/** @param state - What has become of it; undefined if there is none of this id. */
export function noSuchInvite(id: string, state?: string): SottoError {
  const what = state === undefined ? 'there is no invite' : `there is nothing to withdraw: ${state} is the invite`
  return new SottoError('ERR_NO_SUCH_INVITE', `${what} ${JSON.stringify(id)}`, {
    hint: 'for those there are, see sotto admin invites; nothing was changed',
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

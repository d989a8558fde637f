/**
 * What people do with their own account: another password, the sessions of it, and whether it has a second factor.
 *
 * @module
 */
import type { Session as ListedSession } from '#gen/sotto/auth/v1/auth_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import { SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import { isTimestamp } from '#lib/validation.ts'
import type { Profile } from '../profile/profile.ts'
import { inTurn } from './backoff.ts'
import { type AuthConnection, connectAuth } from './login.ts'
import { explained } from './session-end.ts'

/** A session that has not ended. */
export interface OwnSession {
  /** 32 hexadecimal digits, not secret. */
  readonly id: string
  readonly createdAt: Date
  /** To within an hour. */
  readonly lastUsedAt: Date
  readonly expiresAt: Date
  /** Whether it is this profile's. */
  readonly isCurrent: boolean
}

/**
 * Give the account another password. All its other sessions end.
 *
 * @throws SottoError `ERR_NOT_LOGGED_IN` if the profile has no session; `ERR_LOGIN_REFUSED` if the present password is
 *   another; `ERR_SESSION_ENDED`, `ERR_BUSY`, `ERR_UNAVAILABLE`.
 */
export async function changePassword(
  profile: Profile,
  { current, next }: { readonly current: Secret; readonly next: Secret },
  signal: AbortSignal,
): Promise<void> {
  const request = { currentPassword: textOf(current), newPassword: textOf(next) }
  await withAuth(profile, signal, async (call, bearer) => {
    try {
      await call.changePassword(request, { bearer, signal })
    } catch (cause) {
      if (!isSottoError(cause, 'ERR_LOGIN_REFUSED')) throw cause
      throw new SottoError('ERR_LOGIN_REFUSED', 'the present password is another', {
        cause,
        hint: 'nothing was changed; whoever runs the server can reset it',
      })
    }
  })
}

/**
 * The sessions of the account, the latest used first.
 *
 * @throws SottoError `ERR_NOT_LOGGED_IN`, `ERR_SESSION_ENDED`; `ERR_UNAVAILABLE`, also for an answer that breaks its
 *   contract.
 */
export async function listSessions(profile: Profile, signal: AbortSignal): Promise<OwnSession[]> {
  const { sessions } = await withAuth(profile, signal, (call, bearer) => call.listSessions({}, { bearer, signal }))
  return sessions.map(checked)
}

/**
 * End sessions of the account.
 *
 * @param ids - Which, as {@link listSessions} names them; none for all but this profile's.
 * @returns How many have ended.
 * @throws SottoError `ERR_NOT_LOGGED_IN`, `ERR_SESSION_ENDED`, `ERR_UNAVAILABLE`.
 */
export async function endSessions(profile: Profile, ids: readonly string[], signal: AbortSignal): Promise<number> {
  const sessionIds = ids.map((id) => Buffer.from(id, 'hex'))
  const { ended } = await withAuth(profile, signal, (call, bearer) =>
    call.endSessions({ sessionIds }, { bearer, signal }),
  )
  return ended
}

/** The second factor of the account. */
export interface OwnSecondFactor {
  /** Undefined where the account has none. */
  readonly confirmedAt: Date | undefined
  readonly recoveryCodesLeft: number
}

/**
 * Find out about the account's second factor.
 *
 * @throws SottoError `ERR_NOT_LOGGED_IN`, `ERR_SESSION_ENDED`; `ERR_UNAVAILABLE`, also for an answer that breaks its
 *   contract.
 */
export async function getSecondFactor(profile: Profile, signal: AbortSignal): Promise<OwnSecondFactor> {
  const answer = await withAuth(profile, signal, (call, bearer) => call.getSecondFactor({}, { bearer, signal }))
  const { confirmedAt, recoveryCodesLeft } = answer
  if (confirmedAt !== undefined && !isTimestamp(confirmedAt)) throw broken('confirmed_at')
  return { confirmedAt, recoveryCodesLeft }
}

async function withAuth<T>(
  profile: Profile,
  signal: AbortSignal,
  ask: (call: AuthConnection['call'], bearer: Secret) => Promise<T>,
): Promise<T> {
  const { account, session } = profile.login
  const auth = connectAuth(account)
  try {
    return await inTurn(() => ask(auth.call, session.keys.authBearer), signal)
  } catch (error) {
    throw explained(error, account)
  } finally {
    auth.close()
  }
}

function checked({ sessionId, createdAt, lastUsedAt, expiresAt, isCurrent }: ListedSession): OwnSession {
  if (sessionId.length !== SESSION_ID_BYTES || ![createdAt, lastUsedAt, expiresAt].every(isTimestamp)) {
    throw broken('sessions')
  }
  return {
    id: sessionId.toString('hex'),
    createdAt: createdAt as Date,
    lastUsedAt: lastUsedAt as Date,
    expiresAt: expiresAt as Date,
    isCurrent,
  }
}

function broken(field: string): SottoError {
  return new SottoError('ERR_UNAVAILABLE', `the answer of auth breaks its contract in ${field}`)
}

function textOf(password: Secret): string {
  return Buffer.from(password.reveal()).toString('utf8')
}

/**
 * The beginning of sessions: the code of a second factor is checked and spent, an account is held for an identity key, what
 * the new session displaces ends, and its keys are wrapped.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Transaction } from 'kysely'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { Secret } from '#lib/secret.ts'
import { bearerHash, deriveSessionKeys, SESSION_TOKEN_BYTES } from '#lib/session/session-keys.ts'
import { SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import type { AuthenticatedAccount } from '../accounts.ts'
import { type AuditEvent, appendAudit, byMember } from '../audit/audit-log.ts'
import { enrolmentRequired, identityConflict, loginRefused } from '../errors.ts'
import type { WrappingKeys } from '../keys/wrapping-keys.ts'
import { revoke } from '../revocations.ts'
import { checkCode, spend } from '../second-factor/second-factor-rows.ts'
import type { AuthSchema } from '../store.ts'

/** How many sessions an account may have, so that what a password can fill is bounded. */
export const MAX_SESSIONS = 16

/** The session that a login creates. */
export interface NewSession {
  /** R, 32 bytes: this copy is the only one. */
  readonly token: Secret
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly expiresAtMs: number
  /** Those of a second factor that was confirmed by this; else none. */
  readonly recoveryCodes: readonly string[]
}

/** A session that is to begin. */
export interface Beginning {
  readonly account: AuthenticatedAccount
  /** The installation's, 32 bytes. */
  readonly identityKey: Uint8Array
  /** Give the account to this key even where it has another. */
  readonly replace: boolean
  /** A code of the account's second factor, as it was sent; empty for none. */
  readonly code: string
}

/** What all sessions that begin have in common. */
export interface BeginningOptions {
  readonly wrappingKeys: WrappingKeys
  /** How long a session lasts unused, in milliseconds. */
  readonly lifetimeMs: number
  /** Whether nobody begins one without a second factor. */
  readonly isSecondFactorRequired: boolean
  /** The wall clock, in milliseconds since 1970. */
  readonly nowMs: number
}

/**
 * Begin sessions in a transaction.
 *
 * @returns in their order the sessions, or the error for who is refused, of whom nothing is written.
 */
export async function beginSessions(
  transaction: Transaction<AuthSchema>,
  beginnings: readonly Beginning[],
  options: BeginningOptions,
): Promise<(NewSession | SottoError)[]> {
  // In the order of accounts, so that two transactions at once never wait for each other.
  const inOrder = beginnings.toSorted((one, other) => Buffer.compare(one.account.id, other.account.id))
  const outcomes = new Map<Beginning, NewSession | SottoError>()
  const events: AuditEvent[] = []
  for (const beginning of inOrder) {
    const begun = await beginSession(transaction, beginning, options)
    outcomes.set(beginning, isSottoError(begun) ? begun : begun.session)
    if (!isSottoError(begun)) events.push(...begun.events, eventOf(beginning, begun.displaced))
  }
  await appendAudit(transaction, events, options.nowMs)
  return beginnings.map((beginning) => outcomes.get(beginning) as NewSession | SottoError)
}

function eventOf({ account, replace }: Beginning, displaced: number): AuditEvent {
  const asked = replace ? ['the account was to be given to its identity key'] : []
  const ended = displaced > 0 ? [`others ended: ${displaced}`] : []
  return byMember(account.name, 'session begun', [...asked, ...ended].join(', '))
}

interface Begun {
  readonly session: NewSession
  /** How many others ended with it. */
  readonly displaced: number
  /** What the audit log is to say of the second factor. */
  readonly events: readonly AuditEvent[]
}

/** Nothing is written for who is refused: a code that was right serves again. */
async function beginSession(
  transaction: Transaction<AuthSchema>,
  { account, identityKey, replace, code }: Beginning,
  options: BeginningOptions,
): Promise<Begun | SottoError> {
  const proof = await checkCode(transaction, account, code, { ...options, mayConfirm: true })
  if (isSottoError(proof)) return proof
  if (proof.kind === 'none' && options.isSecondFactorRequired) return enrolmentRequired()
  const refusal = await claimAccount(transaction, account, identityKey, replace)
  if (refusal !== undefined) return refusal
  const { events, recoveryCodes } = await spend(transaction, account, proof, options.nowMs)
  const displaced = await makeRoom(transaction, { accountId: account.id, identityKey, nowMs: options.nowMs })
  const token = Secret.of(randomBytes(SESSION_TOKEN_BYTES))
  const id = randomBytes(SESSION_ID_BYTES)
  const expiresAtMs = options.nowMs + options.lifetimeMs
  const row = rowFor(token, { accountId: account.id, sessionId: id }, options)
  await transaction
    .insertInto('session')
    .values({ ...row, identity_key: identityKey, expires_at: expiresAtMs })
    .execute()
  return { session: { token, id, expiresAtMs, recoveryCodes }, displaced, events }
}

/** The columns that keep the five secrets of a session: hashes and wrapped keys. */
function rowFor(
  token: Secret,
  { accountId, sessionId }: { readonly accountId: Uint8Array; readonly sessionId: Uint8Array },
  { wrappingKeys: { current: wrappingKey }, nowMs }: BeginningOptions,
) {
  const keys = deriveSessionKeys(token)
  const wrap = (key: Secret, purpose: 'ticket' | 'grant') => wrappingKey.wrap(key, { accountId, sessionId, purpose })
  return {
    id: sessionId,
    account_id: accountId,
    directory_bearer_hash: bearerHash(keys.directoryBearer),
    auth_bearer_hash: bearerHash(keys.authBearer),
    relay_bearer_hash: bearerHash(keys.relayBearer),
    wrapping_key_id: wrappingKey.id,
    ticket_key: wrap(keys.ticketKey, 'ticket'),
    grant_key: wrap(keys.grantKey, 'grant'),
    created_at: nowMs,
  }
}

/**
 * End what a new session displaces: those of another identity key, and those that were not used for longest.
 *
 * @returns how many.
 */
async function makeRoom(
  transaction: Transaction<AuthSchema>,
  {
    accountId,
    identityKey,
    nowMs,
  }: { readonly accountId: Uint8Array; readonly identityKey: Uint8Array; readonly nowMs: number },
): Promise<number> {
  const over = transaction.deleteFrom('session').where('expires_at', '<=', nowMs)
  await over.where('account_id', '=', accountId).execute()
  const others = transaction.selectFrom('session').select('id').where('account_id', '=', accountId)
  const displaced = await others.where('identity_key', '!=', identityKey).execute()
  const kept = await others.where('identity_key', '=', identityKey).orderBy('expires_at', 'desc').execute()
  const ids = [...displaced, ...kept.slice(MAX_SESSIONS - 1)].map(({ id }) => id)
  return await revoke(transaction, ids, nowMs)
}

/**
 * Make sure that the account is this key's, and hold its row until the transaction ends: one statement that both asks
 * and changes, so that two logins at once cannot both get what only one may have.
 *
 * @returns why not, if it cannot be.
 */
async function claimAccount(
  transaction: Transaction<AuthSchema>,
  { id, passwordEpoch }: AuthenticatedAccount,
  identityKey: Uint8Array,
  replace: boolean,
): Promise<SottoError | undefined> {
  const take = transaction
    .updateTable('account')
    .set({ identity_key: identityKey })
    .where('id', '=', id)
    .where('password_epoch', '=', passwordEpoch)
  const takeIfFree = take.where(({ eb, or }) =>
    or([eb('identity_key', 'is', null), eb('identity_key', '=', identityKey)]),
  )
  const { numUpdatedRows } = await (replace ? take : takeIfFree).executeTakeFirstOrThrow()
  if (numUpdatedRows === 1n) return undefined
  const current = await transaction
    .selectFrom('account')
    .select('id')
    .where('id', '=', id)
    .where('password_epoch', '=', passwordEpoch)
    .executeTakeFirst()
  return current === undefined ? loginRefused() : identityConflict()
}

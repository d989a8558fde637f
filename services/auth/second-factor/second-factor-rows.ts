/**
 * The rows of second factors, each read and changed within a transaction of somebody else's that holds the account: so of two
 * who come with one code at once, at whatever replica, the second finds that it has served.
 *
 * @module
 */
import type { Kysely, Selectable, Transaction } from 'kysely'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { PENDING_FOR_MS } from '#lib/second-factor.ts'
import type { Secret } from '#lib/secret.ts'
import { findTotpStep } from '#lib/totp.ts'
import type { AuthenticatedAccount } from '../accounts.ts'
import { type AuditEvent, byMember } from '../audit/audit-log.ts'
import { codeRefused, codeRequired, loginRefused } from '../errors.ts'
import type { WrappingKey } from '../keys/key-wrapping.ts'
import type { WrappingKeys } from '../keys/wrapping-keys.ts'
import type { AuthSchema } from '../store.ts'
import { drawRecoveryCodes, parseCode, recoveryCodeHash } from './codes.ts'
import type { SecondFactorTable } from './tables.ts'

/** What somebody has shown besides the password. Nothing has served by that yet. */
export type Proof =
  /** Nothing, where nothing is needed. */
  | { readonly kind: 'none' }
  /** A code of the account's second factor. */
  | { readonly kind: 'totp'; readonly step: number }
  | { readonly kind: 'recovery'; readonly hash: Uint8Array }
  /** The first code of one that is to be the account's. */
  | { readonly kind: 'confirmation'; readonly step: number }

export interface ProofOptions {
  readonly wrappingKeys: WrappingKeys
  /** The wall clock, in milliseconds since 1970. */
  readonly nowMs: number
  /** Whether a code may confirm a second factor that was drawn. */
  readonly mayConfirm: boolean
}

/** The outcome of a proof. */
export interface Spent {
  readonly events: readonly AuditEvent[]
  /** Of a second factor that was confirmed by it. */
  readonly recoveryCodes: readonly string[]
}

type Row = Selectable<SecondFactorTable>

/**
 * Hold an account's row until the transaction ends.
 *
 * @returns whether the account is still there, and its password the one that was checked.
 */
export async function holdAccount(
  transaction: Transaction<AuthSchema>,
  { id, passwordEpoch }: AuthenticatedAccount,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('account')
    .set((account) => ({ password_epoch: account.ref('password_epoch') }))
    .where('id', '=', id)
    .where('password_epoch', '=', passwordEpoch)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/**
 * Check a code of somebody whose password was right, and hold the account if it has a second factor.
 *
 * @param typed - As it was sent; empty for none.
 * @returns what it proves, to be spent in the same transaction; or why it proves nothing.
 */
export async function checkCode(
  transaction: Transaction<AuthSchema>,
  account: AuthenticatedAccount,
  typed: string,
  options: ProofOptions,
): Promise<Proof | SottoError> {
  // Most have none, and are to cost one look.
  if ((await rowsOf(transaction, account.id, options.nowMs)).length === 0) return { kind: 'none' }
  if (!(await holdAccount(transaction, account))) return loginRefused()
  const rows = await rowsOf(transaction, account.id, options.nowMs)
  const confirmed = rows.find(({ state }) => state === 'confirmed')
  const pending = options.mayConfirm ? rows.find(({ state }) => state === 'pending') : undefined
  if (confirmed === undefined && (pending === undefined || typed === '')) return { kind: 'none' }
  if (typed === '') return codeRequired()
  const code = parseCode(typed)
  if (code?.kind === 'totp') {
    const step = confirmed && (await stepOf(confirmed, code.text, options))
    if (step !== undefined) return { kind: 'totp', step }
    const first = pending && (await stepOf(pending, code.text, options))
    if (first !== undefined) return { kind: 'confirmation', step: first }
  } else if (code?.kind === 'recovery') {
    const hash = recoveryCodeHash(account.id, code.text)
    const codes = transaction.selectFrom('recovery_code').select('code_hash').where('account_id', '=', account.id)
    if (await codes.where('code_hash', '=', hash).executeTakeFirst()) return { kind: 'recovery', hash }
  }
  return codeRefused()
}

/** Spend what {@link checkCode} found: it serves no more. */
export async function spend(
  transaction: Transaction<AuthSchema>,
  { id, name }: AuthenticatedAccount,
  proof: Proof,
  nowMs: number,
): Promise<Spent> {
  switch (proof.kind) {
    case 'none':
      return { events: [], recoveryCodes: [] }
    case 'totp':
      await ofState(transaction, id, 'confirmed').set({ last_step: proof.step }).execute()
      return { events: [], recoveryCodes: [] }
    case 'recovery': {
      const used = transaction.deleteFrom('recovery_code').where('account_id', '=', id)
      await used.where('code_hash', '=', proof.hash).execute()
      const left = await countRecoveryCodes(transaction, id)
      return { events: [byMember(name, 'recovery code used', `left: ${left}`)], recoveryCodes: [] }
    }
    case 'confirmation': {
      const former = transaction.deleteFrom('second_factor').where('account_id', '=', id)
      const { numDeletedRows } = await former.where('state', '=', 'confirmed').executeTakeFirstOrThrow()
      const confirmed = { state: 'confirmed', last_step: proof.step, since: nowMs } as const
      await ofState(transaction, id, 'pending').set(confirmed).execute()
      const detail = numDeletedRows > 0n ? 'in place of another' : ''
      const recoveryCodes = await replaceRecoveryCodes(transaction, id)
      return { events: [byMember(name, 'second factor confirmed', detail)], recoveryCodes }
    }
  }
}

/** Give an account other recovery codes, in place of those it has. @returns them, as they are shown. */
export async function replaceRecoveryCodes(
  transaction: Transaction<AuthSchema>,
  accountId: Uint8Array,
): Promise<readonly string[]> {
  await transaction.deleteFrom('recovery_code').where('account_id', '=', accountId).execute()
  const codes = drawRecoveryCodes()
  const hashes = codes.flatMap((code) => parseCode(code) ?? []).map(({ text }) => recoveryCodeHash(accountId, text))
  const rows = hashes.map((code_hash) => ({ account_id: accountId, code_hash }))
  await transaction.insertInto('recovery_code').values(rows).execute()
  return codes
}

/** Take an account's second factor away, with all that belongs to it. @returns whether it had one. */
export async function deleteSecondFactor(
  transaction: Transaction<AuthSchema>,
  accountId: Uint8Array,
): Promise<boolean> {
  const deleted = await transaction
    .deleteFrom('second_factor')
    .where('account_id', '=', accountId)
    .returning('state')
    .execute()
  await transaction.deleteFrom('recovery_code').where('account_id', '=', accountId).execute()
  return deleted.some(({ state }) => state === 'confirmed')
}

/** How many recovery codes of an account have not served. */
export async function countRecoveryCodes(db: Kysely<AuthSchema>, accountId: Uint8Array): Promise<number> {
  const { count } = await db
    .selectFrom('recovery_code')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** What an account has: nothing, a second factor, one that waits for its first code, or both. */
async function rowsOf(db: Kysely<AuthSchema>, accountId: Uint8Array, nowMs: number): Promise<Row[]> {
  const rows = await db.selectFrom('second_factor').selectAll().where('account_id', '=', accountId).execute()
  return rows.filter(({ state, since }) => state === 'confirmed' || since > nowMs - PENDING_FOR_MS)
}

/**
 * @returns undefined also for a secret that is damaged, or whose wrapping key is lost: recovery codes serve on, and whoever
 *   signs in in the same transaction is not to notice.
 */
async function stepOf(row: Row, code: string, { wrappingKeys, nowMs }: ProofOptions): Promise<number | undefined> {
  try {
    const wrappingKey = await wrappingKeys.find(row.wrapping_key_id)
    const secret = wrappingKey?.unwrap(row.secret, { accountId: row.account_id, purpose: 'second factor' })
    return secret && findTotpStep(secret, code, nowMs, row.last_step)
  } catch (error) {
    if (!isSottoError(error, 'ERR_STORE')) throw error
    return undefined
  }
}

function ofState(transaction: Transaction<AuthSchema>, accountId: Uint8Array, state: Row['state']) {
  return transaction.updateTable('second_factor').where('account_id', '=', accountId).where('state', '=', state)
}

/** Wrap a secret for its row. */
export function pendingRow(secret: Secret, accountId: Uint8Array, wrappingKey: WrappingKey, nowMs: number): Row {
  return {
    account_id: accountId,
    state: 'pending',
    wrapping_key_id: wrappingKey.id,
    secret: wrappingKey.wrap(secret, { accountId, purpose: 'second factor' }),
    last_step: 0,
    since: nowMs,
  }
}

/**
 * The changes to the rows of accounts that several parts of Auth make, each within a transaction of theirs.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Selectable, Transaction } from 'kysely'
import { accountExists, noSuchUser } from '../errors.ts'
import { revokeAllOf } from '../revocations.ts'
import type { AccountTable, AuthSchema } from '../store.ts'

/** Bytes of an account's id. */
const ACCOUNT_ID_BYTES = 16

/** The row of an account that nobody has signed in to. */
export function newAccountRow({
  name,
  passwordHash,
  nowMs,
}: {
  readonly name: string
  /** A PHC string. */
  readonly passwordHash: string
  readonly nowMs: number
}): Selectable<AccountTable> {
  return {
    id: randomBytes(ACCOUNT_ID_BYTES),
    name,
    password_hash: passwordHash,
    password_epoch: 0,
    identity_key: null,
    created_at: nowMs,
    display_name: '',
    cohort: null,
    disabled_at: null,
  }
}

/**
 * Add accounts, all of them or none.
 *
 * @throws SottoError `ERR_ACCOUNT_EXISTS` if names are taken, be it by somebody who adds them at the same moment.
 */
export async function insertAccounts(
  transaction: Transaction<AuthSchema>,
  rows: readonly Selectable<AccountTable>[],
): Promise<void> {
  const added = await transaction
    .insertInto('account')
    .values(rows)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('name')
    .execute()
  const taken = rows.map(({ name }) => name).filter((name) => !added.some((row) => row.name === name))
  if (taken.length > 0) throw accountExists(taken)
}

/** Of another password. */
interface PasswordChange {
  /** A PHC string. */
  readonly passwordHash: string
  readonly nowMs: number
  /** The number of the password whose place it takes; whichever it is unless set. */
  readonly epoch?: number
  /** The session that goes on, if one does. */
  readonly except?: Uint8Array
}

/**
 * Give an account another password, and end its sessions. A login that was checked against the former begins none.
 *
 * @returns false if the password has changed since, or the account is gone; nothing is changed then.
 */
export async function replacePassword(
  transaction: Transaction<AuthSchema>,
  accountId: Uint8Array,
  { passwordHash, nowMs, epoch, except }: PasswordChange,
): Promise<boolean> {
  const change = transaction
    .updateTable('account')
    .set((account) => ({ password_hash: passwordHash, password_epoch: account('password_epoch', '+', 1) }))
    .where('id', '=', accountId)
  // One statement that both asks and changes: of two at once, one finds that it has changed.
  const asked = epoch === undefined ? change : change.where('password_epoch', '=', epoch)
  const { numUpdatedRows } = await asked.executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) return false
  await revokeAllOf(transaction, accountId, nowMs, except)
  return true
}

/**
 * Find an account, and have no login begin a session that was checked before: one that goes on at this moment waits for the
 * end of the transaction, and is refused then.
 *
 * @returns its id.
 * @throws SottoError `ERR_NO_SUCH_USER`.
 */
export async function findBarringLogins(transaction: Transaction<AuthSchema>, name: string): Promise<Uint8Array> {
  const found = await transaction
    .updateTable('account')
    .set((account) => ({ password_epoch: account('password_epoch', '+', 1) }))
    .where('name', '=', name)
    .returning('id')
    .executeTakeFirst()
  if (found === undefined) throw noSuchUser()
  return found.id
}

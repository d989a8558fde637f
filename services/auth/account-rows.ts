/**
 * The changes to the rows of accounts that several parts of Auth make, each within a transaction of theirs.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Selectable, Transaction } from 'kysely'
import { accountExists } from './errors.ts'
import { revokeAllOf } from './revocations.ts'
import type { AccountTable, AuthSchema } from './store.ts'

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

/** Give an account another password, and end its sessions. A login that was checked against the former begins none. */
export async function replacePassword(
  transaction: Transaction<AuthSchema>,
  accountId: Uint8Array,
  passwordHash: string,
  nowMs: number,
): Promise<void> {
  await transaction
    .updateTable('account')
    .set((account) => ({ password_hash: passwordHash, password_epoch: account('password_epoch', '+', 1) }))
    .where('id', '=', accountId)
    .execute()
  await revokeAllOf(transaction, accountId, nowMs)
}

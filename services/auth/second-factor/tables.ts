/**
 * The tables of second factors.
 *
 * @module
 */
import type { Kysely } from 'kysely'

/** What an account asks for besides its password: the secret of a TOTP. One that waits for its first code is none yet. */
export interface SecondFactorTable {
  account_id: Uint8Array
  state: 'pending' | 'confirmed'
  /** The id of the key that wraps the secret, 8 bytes. */
  wrapping_key_id: Uint8Array
  /** Wrapped, 48 bytes. */
  secret: Uint8Array
  /** The step of the last code that has served (lib/totp.ts); 0 before the first. */
  last_step: number
  /** When it was drawn, or confirmed: milliseconds since 1970. */
  since: number
}

/** A recovery code that has not served. */
export interface RecoveryCodeTable {
  account_id: Uint8Array
  /** SHA-256, 32 bytes (second-factor/codes.ts). */
  code_hash: Uint8Array
}

export async function createSecondFactors(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('second_factor')
    .addColumn('account_id', 'bytea', (column) => column.notNull().references('account.id').onDelete('cascade'))
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('wrapping_key_id', 'bytea', (column) => column.notNull())
    .addColumn('secret', 'bytea', (column) => column.notNull())
    .addColumn('last_step', 'bigint', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('second_factor_key', ['account_id', 'state'])
    .execute()
  await db.schema
    .createTable('recovery_code')
    .addColumn('account_id', 'bytea', (column) => column.notNull().references('account.id').onDelete('cascade'))
    .addColumn('code_hash', 'bytea', (column) => column.notNull())
    .addPrimaryKeyConstraint('recovery_code_key', ['account_id', 'code_hash'])
    .execute()
}

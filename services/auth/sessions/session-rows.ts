/**
 * The rows of sessions, as they are found and read.
 *
 * @module
 */
import type { Kysely, Transaction } from 'kysely'
import { compileForList, compileOnce } from '#lib/runtime/database/queries.ts'
import type { WrappingKey } from '../keys/key-wrapping.ts'
import type { AuthSchema } from '../store.ts'

/** A session that has not ended. */
export interface Session {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly accountId: Uint8Array
  readonly name: string
  /** X25519, 32 bytes. */
  readonly identityKey: Uint8Array
  readonly expiresAtMs: number
  /** The keys as key-wrapping.ts wraps them; sessions.ts opens them. */
  readonly wrappedKeys: { readonly ticket: Uint8Array; readonly grant: Uint8Array; readonly by: WrappingKey }
}

/** Which of these sessions are an account's. */
export async function ownOf(
  transaction: Transaction<AuthSchema>,
  accountId: Uint8Array,
  ids: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const own = transaction.selectFrom('session').select('id').where('account_id', '=', accountId)
  return (await own.where('id', 'in', ids).execute()).map(({ id }) => id)
}

/** The columns by which sessions are found. */
type FoundBy = 'id' | 'directory_bearer_hash' | 'auth_bearer_hash' | 'relay_bearer_hash'

/** Finds the sessions that have these values in a column. To be given the values, and the time. */
export function sessionsBy(db: Kysely<AuthSchema>, column: FoundBy) {
  return compileForList(db, (values: readonly Uint8Array[]) =>
    selectSessions(db)
      // What a row is found by is there.
      .select((session) => session.ref(`session.${column}`).$notNull().as('found_by'))
      .where(`session.${column}`, 'in', values)
      .where('expires_at', '>', 0),
  )
}

/** Finds the sessions of an account, the newest first. To be given its name, the time, and how many. */
export function newestSessionsOf(db: Kysely<AuthSchema>) {
  return compileOnce(
    db,
    selectSessions(db)
      .select('session.id as found_by')
      .where('name', '=', '')
      .where('expires_at', '>', 0)
      .orderBy('session.created_at', 'desc')
      // Two of one millisecond: any, but always the same.
      .orderBy('session.id')
      .limit(1),
  )
}

/** The sessions with what is read of each. */
function selectSessions(db: Kysely<AuthSchema>) {
  return db
    .selectFrom('session')
    .innerJoin('account', 'account.id', 'session.account_id')
    .select([
      'session.id',
      'account_id',
      'name',
      'session.identity_key',
      'expires_at',
      'ticket_key',
      'grant_key',
      'wrapping_key_id',
    ])
}

/** A session as it is read, beside the value that it was found by. */
export type SessionRow = Awaited<ReturnType<ReturnType<typeof sessionsBy>>>[number]

/** @param by - The key that wraps its own. */
export function sessionOf(row: SessionRow, by: WrappingKey): Session {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    identityKey: row.identity_key,
    expiresAtMs: row.expires_at,
    wrappedKeys: { ticket: row.ticket_key, grant: row.grant_key, by },
  }
}

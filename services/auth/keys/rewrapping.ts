/**
 * Wrapping anew what the database keeps under earlier wrapping keys, while Auths run on it.
 *
 * Every row is changed by itself, and only if it is still as it was read: whoever ends or begins sessions meanwhile is
 * not held up, and a process that is killed leaves rows of either kind, each with the id of its key.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { isSottoError } from '#lib/errors.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import type { AuthSchema } from '../store.ts'
import type { WrappedKeyPlace, WrappingKey } from './key-wrapping.ts'
import type { KeyList } from './wrapping-keys.ts'

/** How many rows are wrapped in one transaction: some milliseconds in which others wait on SQLite. */
const ROWS_AT_ONCE = 100

/**
 * Wrap everything under the first of the keys.
 *
 * @returns how many rows were wrapped. Those whose key is lost, or that are damaged, stay as they are: nobody can open them.
 */
export async function rewrap(db: Kysely<AuthSchema>, keys: KeyList): Promise<number> {
  const [current, ...former] = keys
  let count = 0
  for (const key of former) {
    for (const rewrapBatch of [rewrapSessions, rewrapSecondFactors]) {
      let after: Uint8Array | undefined = Buffer.alloc(0)
      while (after !== undefined) {
        const batch: Batch = await rewrapBatch(db, key, current, after)
        count += batch.count
        after = batch.last
      }
    }
  }
  return count
}

interface Batch {
  /** How many rows were wrapped. */
  readonly count: number
  /** The id of the session or account of the last one looked at; undefined if there are no more. */
  readonly last: Uint8Array | undefined
}

async function rewrapSessions(
  db: Kysely<AuthSchema>,
  former: WrappingKey,
  current: WrappingKey,
  after: Uint8Array,
): Promise<Batch> {
  return await inTransaction(db, async (transaction) => {
    const rows = await transaction
      .selectFrom('session')
      .select(['id', 'account_id', 'ticket_key', 'grant_key'])
      .where('wrapping_key_id', '=', former.id)
      .where('id', '>', after)
      .orderBy('id')
      .limit(ROWS_AT_ONCE)
      .execute()
    let count = 0
    for (const { id, account_id: accountId, ticket_key, grant_key } of rows) {
      const place = (purpose: 'ticket' | 'grant') => ({ accountId, sessionId: id, purpose })
      const ticketKey = rewrapped(ticket_key, place('ticket'), former, current)
      const grantKey = rewrapped(grant_key, place('grant'), former, current)
      if (ticketKey === undefined || grantKey === undefined) continue
      const { numUpdatedRows } = await transaction
        .updateTable('session')
        .set({ wrapping_key_id: current.id, ticket_key: ticketKey, grant_key: grantKey })
        .where('id', '=', id)
        .where('wrapping_key_id', '=', former.id)
        .executeTakeFirstOrThrow()
      count += Number(numUpdatedRows)
    }
    return { count, last: rows.at(-1)?.id }
  })
}

async function rewrapSecondFactors(
  db: Kysely<AuthSchema>,
  former: WrappingKey,
  current: WrappingKey,
  after: Uint8Array,
): Promise<Batch> {
  return await inTransaction(db, async (transaction) => {
    const rows = await transaction
      .selectFrom('second_factor')
      .select(['account_id', 'secret'])
      .where('wrapping_key_id', '=', former.id)
      .where('account_id', '>', after)
      .orderBy('account_id')
      .limit(ROWS_AT_ONCE)
      .execute()
    let count = 0
    for (const { account_id: accountId, secret } of rows) {
      const wrapped = rewrapped(secret, { accountId, purpose: 'second factor' }, former, current)
      if (wrapped === undefined) continue
      const { numUpdatedRows } = await transaction
        .updateTable('second_factor')
        .set({ wrapping_key_id: current.id, secret: wrapped })
        .where('account_id', '=', accountId)
        // It may be confirmed meanwhile, by which its state changes, and nothing of this.
        .where('secret', '=', secret)
        .executeTakeFirstOrThrow()
      count += Number(numUpdatedRows)
    }
    return { count, last: rows.at(-1)?.account_id }
  })
}

/** A key under another wrapping key; undefined if it does not open, as in a row that is damaged. */
function rewrapped(
  wrapped: Uint8Array,
  place: WrappedKeyPlace,
  former: WrappingKey,
  current: WrappingKey,
): Uint8Array | undefined {
  try {
    return current.wrap(former.unwrap(wrapped, place), place)
  } catch (error) {
    if (!isSottoError(error, 'ERR_STORE')) throw error
    return undefined
  }
}

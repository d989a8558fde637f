/**
 * The accounts as the host lists them.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import type { AuthSchema } from '../store.ts'

/** An account, as an administrator sees it. */
export interface AccountSummary {
  readonly name: string
  readonly displayName: string
  readonly cohort: string | undefined
  readonly disabled: boolean
  readonly hasSecondFactor: boolean
  readonly createdAtMs: number
  /** X25519, 32 bytes; undefined before the first login. */
  readonly identityKey: Uint8Array | undefined
  /** How many sessions of it have not ended. */
  readonly sessions: number
}

/** All accounts, by name. */
export async function listAccounts(db: Kysely<AuthSchema>, nowMs: number): Promise<AccountSummary[]> {
  const rows = await db
    .selectFrom('account')
    .leftJoin('session', (join) =>
      join.onRef('session.account_id', '=', 'account.id').on('session.expires_at', '>', nowMs),
    )
    .select(['name', 'account.created_at', 'account.identity_key', 'display_name', 'cohort', 'disabled_at'])
    .select(({ fn }) => fn.count<number>('session.id').as('sessions'))
    .select(({ selectFrom }) =>
      selectFrom('second_factor')
        .select('state')
        .whereRef('second_factor.account_id', '=', 'account.id')
        .where('state', '=', 'confirmed')
        .as('second_factor'),
    )
    .groupBy('account.id')
    .orderBy('name')
    .execute()
  return rows.map((row) => ({
    name: row.name,
    displayName: row.display_name,
    cohort: row.cohort ?? undefined,
    disabled: row.disabled_at !== null,
    hasSecondFactor: row.second_factor !== null,
    createdAtMs: row.created_at,
    identityKey: row.identity_key ?? undefined,
    sessions: Number(row.sessions),
  }))
}

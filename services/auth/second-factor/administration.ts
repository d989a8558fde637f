/**
 * Second factors in the hands of the host.
 *
 * @module
 */
import type { Kysely, Transaction } from 'kysely'
import type { Clock } from '#lib/runtime/clock.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import { findBarringLogins } from '../accounts/account-rows.ts'
import { type AdminConfig, checkNames, withDatabase } from '../admin.ts'
import { appendAudit, byHost } from '../audit/audit-log.ts'
import { AUTH } from '../audit/chain.ts'
import { revoke, revokeAllOf } from '../revocations.ts'
import type { AuthSchema } from '../store.ts'
import { deleteSecondFactor } from './second-factor-rows.ts'

/**
 * Take somebody's second factor away who has lost it, and end their sessions. Where the host asks everybody for one, they set
 * up another as they sign in.
 *
 * @returns whether there was one.
 * @throws SottoError `ERR_INVALID_ARGUMENT` if the name is out of its limits; `ERR_NO_SUCH_USER`; `ERR_STORE`.
 */
export async function resetSecondFactor(config: AdminConfig, clock: Clock, name: string): Promise<boolean> {
  checkNames([name])
  const nowMs = clock.now().getTime()
  return await withDatabase(config, (db) =>
    inTransaction(db, async (transaction) => {
      const id = await findBarringLogins(transaction, name)
      if (!(await deleteSecondFactor(transaction, id))) return false
      await revokeAllOf(transaction, id, nowMs)
      await appendAudit(transaction, [byHost('second factor reset', name)], nowMs)
      return true
    }),
  )
}

/** End the sessions of those who have no second factor, where the host has begun to ask everybody for one. @returns how many. */
export async function endSessionsWithout(db: Kysely<AuthSchema>, nowMs: number): Promise<number> {
  return await inTransaction(db, async (transaction) => {
    const ended = await revoke(transaction, await sessionsWithout(transaction), nowMs)
    const event = { who: AUTH, what: 'sessions ended', detail: `${ended} of people without a second factor` } as const
    if (ended > 0) await appendAudit(transaction, [event], nowMs)
    return ended
  })
}

async function sessionsWithout(transaction: Transaction<AuthSchema>): Promise<Uint8Array[]> {
  const sessions = await transaction
    .selectFrom('session')
    .select('session.id')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('second_factor')
            .select('state')
            .whereRef('second_factor.account_id', '=', 'session.account_id')
            .where('state', '=', 'confirmed'),
        ),
      ),
    )
    .execute()
  return sessions.map(({ id }) => id)
}

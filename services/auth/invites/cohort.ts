/**
 * Cohorts: people who come and go together, such as those of a term. An account or an invite is in one at most.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { SottoError } from '#lib/errors.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import { findBarringLogins } from '../accounts/account-rows.ts'
import { appendAudit, byHost } from '../audit/audit-log.ts'
import { revokeAllOf } from '../revocations.ts'
import type { AuthSchema } from '../store.ts'

/** The name of a cohort: 1 to 64 characters. */
export const COHORT = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** What {@link COHORT} asks for, in words. */
export const COHORT_LIMIT = 'it is 1 to 64 of a-z, 0-9, ".", "_" and "-", and begins with a letter or a digit'

/** @throws SottoError `ERR_INVALID_ARGUMENT` for what is no name of one. */
export function checkCohort(cohort: string): void {
  if (COHORT.test(cohort)) return
  throw new SottoError('ERR_INVALID_ARGUMENT', `no name for a cohort: ${JSON.stringify(cohort)}`, {
    hint: `${COHORT_LIMIT}, such as 2027-spring`,
  })
}

/** What was removed with a cohort. */
export interface RemovedCohort {
  /** Of the accounts, in their order. */
  readonly names: readonly string[]
  /** How many invites were withdrawn that nobody had used. */
  readonly invites: number
}

/**
 * Remove the accounts of a cohort with their sessions, and withdraw its invites: all of them or none.
 *
 * @throws SottoError `ERR_NO_SUCH_USER` if nobody is in it.
 */
export async function removeCohort(db: Kysely<AuthSchema>, cohort: string, nowMs: number): Promise<RemovedCohort> {
  return await inTransaction(db, async (transaction) => {
    // Before it is asked who is in it: somebody who takes one up at this moment is, or cannot take it up any more.
    const withdrawn = await transaction
      .updateTable('invite')
      .set({ withdrawn_at: nowMs })
      .where('cohort', '=', cohort)
      .where('used_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .returning(['id', 'name', 'expires_at'])
      .execute()
    const open = withdrawn.filter(({ expires_at }) => expires_at > nowMs)
    const accounts = await transaction
      .selectFrom('account')
      .select('name')
      .where('cohort', '=', cohort)
      .orderBy('name')
      .execute()
    if (accounts.length + open.length === 0) throw emptyCohort(cohort)
    for (const { name } of accounts) {
      const id = await findBarringLogins(transaction, name)
      await revokeAllOf(transaction, id, nowMs)
      await transaction.deleteFrom('account').where('id', '=', id).execute()
    }
    const events = [
      ...accounts.map(({ name }) => byHost('account removed', name, `cohort ${cohort}`)),
      ...open.map(({ id, name }) => byHost('invite withdrawn', name ?? '', `invite ${id}`)),
    ]
    await appendAudit(transaction, events, nowMs)
    return { names: accounts.map(({ name }) => name), invites: open.length }
  })
}

function emptyCohort(cohort: string): SottoError {
  return new SottoError('ERR_NO_SUCH_USER', `nobody is in the cohort ${cohort}`, {
    hint: 'check its name; for who is in which, see sotto admin invites',
  })
}

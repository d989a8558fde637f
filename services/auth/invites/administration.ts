/**
 * The administration of invites, on Auth's own database, whether Auth runs or not.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { type AdminConfig, checkNames, withDatabase } from '../admin.ts'
import {
  type InviteSummary,
  type IssuedInvite,
  issueInvites,
  listInvites,
  type NewInvite,
  withdrawInvites,
} from './invites.ts'

/** The name of a cohort, as the host types it. */
const COHORT = /^[a-z0-9][a-z0-9._-]{0,63}$/

/**
 * Make invites, all of them or none.
 *
 * @param invites - With display names that are prepared.
 * @param lifetimeMs - How long they are good, in milliseconds.
 * @throws SottoError `ERR_INVALID_ARGUMENT` for what is no name; `ERR_ACCOUNT_EXISTS`, `ERR_NO_SUCH_USER` as
 *   {@link issueInvites} does; `ERR_CONFIG` if there is no installation; `ERR_STORE`.
 */
export async function invite(
  config: AdminConfig,
  clock: Clock,
  invites: readonly NewInvite[],
  lifetimeMs: number,
): Promise<IssuedInvite[]> {
  checkNames(invites.flatMap(({ name }) => name ?? []))
  for (const { cohort } of invites) if (cohort !== undefined) checkCohort(cohort)
  const times = { nowMs: clock.now().getTime(), lifetimeMs }
  return await withDatabase(config, (db) => issueInvites(db, invites, times))
}

/** @throws SottoError `ERR_INVALID_ARGUMENT`. */
export function checkCohort(cohort: string): void {
  if (COHORT.test(cohort)) return
  throw new SottoError('ERR_INVALID_ARGUMENT', `no name for a cohort: ${JSON.stringify(cohort)}`, {
    hint: 'it is 1 to 64 of a-z, 0-9, ".", "_" and "-", and begins with a letter or a digit, such as 2027-spring',
  })
}

/** All invites that are kept, the newest first. @throws SottoError `ERR_CONFIG`, `ERR_STORE`. */
export async function invites(config: AdminConfig, clock: Clock): Promise<InviteSummary[]> {
  return await withDatabase(config, (db) => listInvites(db, clock.now().getTime()))
}

/** Withdraw invites, all of them or none. @throws SottoError `ERR_NO_SUCH_INVITE`, `ERR_CONFIG`, `ERR_STORE`. */
export async function withdraw(config: AdminConfig, clock: Clock, ids: readonly string[]): Promise<void> {
  await withDatabase(config, (db) => withdrawInvites(db, [...new Set(ids)], clock.now().getTime()))
}

/**
 * The administration of invites, on Auth's own database, whether Auth runs or not.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { drawInviteCode } from '#lib/invite-link.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Secret } from '#lib/secret.ts'
import { type AdminConfig, checkNames, withDatabase } from '../admin.ts'
import type { AuthSchema } from '../store.ts'
import { checkCohort, type RemovedCohort, removeCohort } from './cohort.ts'
import { findTaken, type InviteSummary, issueInvites, listInvites, type NewInvite, withdrawInvites } from './invites.ts'
import { badRoster, type RosterEntry } from './roster.ts'

/** Whom an invite is for. */
export type Invitee = Omit<NewInvite, 'code'>

/** An invite with its code, which is in no other place. */
export interface IssuedInvite extends Invitee {
  readonly id: string
  readonly code: Secret
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
}

/**
 * Make an invite.
 *
 * @param invitee - With a display name that is prepared.
 * @param lifetimeMs - How long it is good, in milliseconds.
 * @throws SottoError `ERR_INVALID_ARGUMENT` for what is no name; `ERR_ACCOUNT_EXISTS`, `ERR_NO_SUCH_USER` as
 *   {@link issueInvites} does; `ERR_CONFIG` if there is no installation; `ERR_STORE`.
 */
export async function invite(
  config: AdminConfig,
  clock: Clock,
  invitee: Invitee,
  lifetimeMs: number,
): Promise<IssuedInvite> {
  if (invitee.name !== undefined) checkNames([invitee.name])
  if (invitee.cohort !== undefined) checkCohort(invitee.cohort)
  const nowMs = clock.now().getTime()
  const expiresAtMs = nowMs + lifetimeMs
  const wanted = { ...invitee, code: drawInviteCode() }
  const [id = ''] = await withDatabase(config, (db) => issueInvites(db, [wanted], { nowMs, expiresAtMs }))
  return { ...wanted, id, expiresAtMs }
}

/** An invite of a roster, before it is made. */
export type Draft = Pick<IssuedInvite, 'name' | 'displayName' | 'code' | 'expiresAtMs'>

export interface RosterOptions<Rendered> {
  /** Of those whose line names none. */
  readonly cohort: string | undefined
  /** How long the invites are good, in milliseconds. */
  readonly lifetimeMs: number
  /** Makes of the invites what the host is to get. */
  readonly render: (drafts: readonly Draft[]) => Rendered
  /** Puts that where the host wants it. If it fails, nobody is invited. */
  readonly deliver: (rendered: Rendered) => Promise<void>
}

/**
 * Invite the people of a roster, all of them or none.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` with every line that cannot be used, be it because the name is taken; what
 *   `deliver` throws; `ERR_CONFIG` if there is no installation; `ERR_STORE`.
 */
export async function inviteRoster<Rendered>(
  config: AdminConfig,
  clock: Clock,
  entries: readonly RosterEntry[],
  { cohort, lifetimeMs, render, deliver }: RosterOptions<Rendered>,
): Promise<void> {
  if (cohort !== undefined) checkCohort(cohort)
  const nowMs = clock.now().getTime()
  const expiresAtMs = nowMs + lifetimeMs
  await withDatabase(config, async (db) => {
    await checkLines(db, entries, nowMs)
    const drafts = entries.map((entry) => ({ ...entry, code: drawInviteCode(), expiresAtMs }))
    const rendered = render(drafts)
    const wanted = drafts.map((draft) => ({ ...draft, cohort: draft.cohort ?? cohort, isReset: false }))
    await issueInvites(db, wanted, { nowMs, expiresAtMs, deliver: () => deliver(rendered) })
  })
}

/** @throws SottoError `ERR_INVALID_ARGUMENT` with every line whose name is taken. */
async function checkLines(db: Kysely<AuthSchema>, entries: readonly RosterEntry[], nowMs: number): Promise<void> {
  const names = entries.map(({ name }) => name)
  const { accounts, invites } = await findTaken(db, names, nowMs)
  const taken = new Map([...invites.map(invited), ...accounts.map(existing)])
  const faults = entries.flatMap(({ line, name }) => {
    const description = taken.get(name)
    return description === undefined ? [] : [{ field: `line ${line}`, description }]
  })
  if (faults.length > 0) throw badRoster(faults)
}

function existing(name: string): [name: string, fault: string] {
  return [name, `there is an account named ${name} already`]
}

function invited(name: string): [name: string, fault: string] {
  return [name, `an invite waits for ${name} already`]
}

/**
 * Remove the accounts of a cohort, and withdraw its invites.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` for what is no cohort's name; `ERR_NO_SUCH_USER` if nobody is in it;
 *   `ERR_CONFIG`, `ERR_STORE`.
 */
export async function removePeople(config: AdminConfig, clock: Clock, cohort: string): Promise<RemovedCohort> {
  checkCohort(cohort)
  return await withDatabase(config, (db) => removeCohort(db, cohort, clock.now().getTime()))
}

/** All invites that are kept, the newest first. @throws SottoError `ERR_CONFIG`, `ERR_STORE`. */
export async function invites(config: AdminConfig, clock: Clock): Promise<InviteSummary[]> {
  return await withDatabase(config, (db) => listInvites(db, clock.now().getTime()))
}

/** Withdraw invites, all of them or none. @throws SottoError `ERR_NO_SUCH_INVITE`, `ERR_CONFIG`, `ERR_STORE`. */
export async function withdraw(config: AdminConfig, clock: Clock, ids: readonly string[]): Promise<void> {
  await withDatabase(config, (db) => withdrawInvites(db, [...new Set(ids)], clock.now().getTime()))
}

/**
 * The invites that the host makes: kept by a hash of their code, told apart by an id that is no secret.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Insertable, Kysely, Selectable, Transaction } from 'kysely'
import { inviteCodeHash } from '#lib/invite-link.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import type { Secret } from '#lib/secret.ts'
import { type AuditEvent, appendAudit, byHost } from '../audit/audit-log.ts'
import { accountExists, invitesExist, noSuchInvite, noSuchUser } from '../errors.ts'
import type { AuthSchema, InviteTable } from '../store.ts'

/** Bytes of an id: few enough to be typed, and among some thousands none twice. */
const INVITE_ID_BYTES = 4

/** How long an invite that is over is kept, in milliseconds, so that the host can see what has become of it: 30 days. */
const KEPT_MS = 30 * 24 * 3_600_000

/** What has become of an invite. One that is used was good until then. */
export type InviteState = 'open' | 'used' | 'expired' | 'withdrawn'

/** An invite that is to be made. */
export interface NewInvite {
  /** The name of the account that it is for; undefined where the person may choose. */
  readonly name: string | undefined
  /** Prepared; empty for none. */
  readonly displayName: string
  readonly cohort: string | undefined
  /** Whether the account is there, and the invite sets its password. */
  readonly isReset: boolean
  /** Drawn for it. It is kept by its hash alone. */
  readonly code: Secret
}

/** An invite, as the host sees it. */
export interface InviteSummary {
  readonly id: string
  readonly name: string | undefined
  readonly displayName: string
  readonly cohort: string | undefined
  readonly state: InviteState
  /** When it was used or withdrawn, or else when it expires or has expired: milliseconds since 1970. */
  readonly sinceMs: number
}

type InviteRow = Selectable<InviteTable>

/** The state of an invite at a time. */
export function inviteState(
  row: Pick<InviteRow, 'used_at' | 'withdrawn_at' | 'expires_at'>,
  nowMs: number,
): InviteState {
  if (row.used_at !== null) return 'used'
  if (row.withdrawn_at !== null) return 'withdrawn'
  return row.expires_at <= nowMs ? 'expired' : 'open'
}

export interface IssueOptions {
  readonly nowMs: number
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
  /**
   * Puts the codes where the host wants them, while nobody else can write; again, where the transaction is tried again. If
   * it fails, no invite is made.
   */
  readonly deliver?: () => Promise<void>
}

/**
 * Make invites, all of them or none.
 *
 * @returns their ids.
 * @throws SottoError `ERR_ACCOUNT_EXISTS` if a name has an account already, or an invite that is open; of one that resets
 *   a password `ERR_NO_SUCH_USER` if it has none.
 */
export async function issueInvites(
  db: Kysely<AuthSchema>,
  invites: readonly NewInvite[],
  { nowMs, expiresAtMs, deliver }: IssueOptions,
): Promise<string[]> {
  return await inTransaction(db, async (transaction) => {
    // So that two hosts at once cannot promise one name to two people.
    await takeTurn(transaction, 'invite')
    await transaction
      .deleteFrom('invite')
      .where('expires_at', '<', nowMs - KEPT_MS)
      .execute()
    const names = invites.flatMap(({ name, isReset }) => (name === undefined || isReset ? [] : [name]))
    await checkFree(transaction, names, nowMs)
    const ids: string[] = []
    const events: AuditEvent[] = []
    for (const invite of invites) {
      const row = await rowFor(transaction, invite, { nowMs, expiresAtMs })
      await transaction.insertInto('invite').values(row).execute()
      ids.push(row.id)
      events.push(byHost(invite.isReset ? 'reset link made' : 'invite made', invite.name, `invite ${row.id}`))
    }
    await appendAudit(transaction, events, nowMs)
    await deliver?.()
    return ids
  })
}

async function rowFor(
  transaction: Transaction<AuthSchema>,
  { name, displayName, cohort, isReset, code }: NewInvite,
  { nowMs, expiresAtMs }: IssueOptions,
): Promise<Insertable<InviteTable>> {
  return {
    id: randomBytes(INVITE_ID_BYTES).toString('hex'),
    code_hash: inviteCodeHash(code),
    name: name ?? null,
    display_name: displayName,
    cohort: cohort ?? null,
    account_id: isReset && name !== undefined ? await accountId(transaction, name) : null,
    created_at: nowMs,
    expires_at: expiresAtMs,
    used_at: null,
    withdrawn_at: null,
  }
}

async function accountId(db: Kysely<AuthSchema>, name: string): Promise<Uint8Array> {
  const found = await db.selectFrom('account').select('id').where('name', '=', name).executeTakeFirst()
  if (found === undefined) throw noSuchUser()
  return found.id
}

/**
 * Make sure that names are free: of accounts, and of invites that are open.
 *
 * @param except - The hash of the code of an invite whose name does not count.
 * @throws SottoError `ERR_ACCOUNT_EXISTS`.
 */
export async function checkFree(
  db: Kysely<AuthSchema>,
  names: readonly string[],
  nowMs: number,
  except: Uint8Array = Buffer.alloc(0),
): Promise<void> {
  const { accounts, invites } = await findTaken(db, names, nowMs, except)
  if (accounts.length > 0) throw accountExists(accounts)
  if (invites.length > 0) throw invitesExist(invites)
}

/** Names that are not free. */
export interface TakenNames {
  readonly accounts: readonly string[]
  readonly invites: readonly string[]
}

/** The names among these that are taken, in their order. */
export async function findTaken(
  db: Kysely<AuthSchema>,
  names: readonly string[],
  nowMs: number,
  except: Uint8Array = Buffer.alloc(0),
): Promise<TakenNames> {
  if (names.length === 0) return { accounts: [], invites: [] }
  const accounts = await db.selectFrom('account').select('name').where('name', 'in', names).orderBy('name').execute()
  const invites = await openInvites(db, nowMs)
    .select('name')
    .where('name', 'in', names)
    .where('account_id', 'is', null)
    .where('code_hash', '!=', except)
    .orderBy('name')
    .execute()
  return { accounts: accounts.map(({ name }) => name), invites: invites.flatMap(({ name }) => name ?? []) }
}

/** All invites that are kept, the newest first. */
export async function listInvites(db: Kysely<AuthSchema>, nowMs: number): Promise<InviteSummary[]> {
  const rows = await db.selectFrom('invite').selectAll().orderBy('created_at', 'desc').orderBy('name').execute()
  return rows.map((row) => ({
    id: row.id,
    name: row.name ?? undefined,
    displayName: row.display_name,
    cohort: row.cohort ?? undefined,
    state: inviteState(row, nowMs),
    sinceMs: row.used_at ?? row.withdrawn_at ?? row.expires_at,
  }))
}

/**
 * Withdraw invites, all of them or none. One that was withdrawn before stays so.
 *
 * @param ids - Whole.
 * @throws SottoError `ERR_NO_SUCH_INVITE` if one is not there, or is used or has expired.
 */
export async function withdrawInvites(db: Kysely<AuthSchema>, ids: readonly string[], nowMs: number): Promise<void> {
  await inTransaction(db, async (transaction) => {
    // And the rows held until the end: one that is being taken up just now is used, or cannot be taken up any more.
    const rows = await transaction
      .updateTable('invite')
      .set((invite) => ({ created_at: invite.ref('created_at') }))
      .where('id', 'in', ids)
      .returningAll()
      .execute()
    const states = new Map(rows.map((row) => [row.id, inviteState(row, nowMs)]))
    for (const id of ids) {
      const state = states.get(id)
      if (state !== 'open' && state !== 'withdrawn') throw noSuchInvite(id, state)
    }
    await transaction
      .updateTable('invite')
      .set({ withdrawn_at: nowMs })
      .where('id', 'in', ids)
      .where('withdrawn_at', 'is', null)
      .execute()
    const withdrawn = rows.filter(({ id }) => states.get(id) === 'open')
    const events = withdrawn.map(({ id, name }) => byHost('invite withdrawn', name ?? '', `invite ${id}`))
    await appendAudit(transaction, events, nowMs)
  })
}

/** The invites that can be taken up. */
export function openInvites(db: Kysely<AuthSchema>, nowMs: number) {
  return db
    .selectFrom('invite')
    .where('used_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expires_at', '>', nowMs)
}

/**
 * The queries of presence: what processes that share a database know of one another.
 *
 * Each announcement of an account has a number, one more than the one before. The row of an account outlives its
 * announcement, so that the number goes on: what a process writes again after an outage never revives one that was
 * replaced meanwhile.
 *
 * @module
 */
import { type Kysely, sql } from 'kysely'
import type { AttendedRelay, Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { probeDatabase } from '#lib/runtime/database/database.ts'
import { compileOnce } from '#lib/runtime/database/queries.ts'
import type { DirectorySchema } from './store.ts'

/** How many accounts one query looks up at most; more would only make it long. */
const LOOKUP_BATCH = 500

/** How long the row of an account that nobody announces is kept, in milliseconds: 7 days, longer than any outage. */
const KEPT_MS = 7 * 86_400_000

/**
 * The addresses at which an account can be called, with the session and the start of the client that announced them.
 */
export interface Announcement {
  readonly account: string
  /** The session that announces: 16 bytes. */
  readonly sessionId: Uint8Array
  /** Drawn by the receiver at its start: 16 bytes. */
  readonly instanceId: Uint8Array
  /** The likeliest first. */
  readonly endpoints: readonly Endpoint[]
  /** The relay that the receiver attends. */
  readonly relay?: AttendedRelay | undefined
}

/** An announcement with its number, which tells it from others of the account. */
export interface NumberedAnnouncement extends Announcement {
  readonly number: number
}

/** Which announcement of an account stands, and where. */
export interface Standing {
  readonly account: string
  readonly number: number
  /** The process that holds its stream; null if it was withdrawn. */
  readonly replicaId: string | null
}

export class PresenceRows {
  readonly #db: Kysely<DirectorySchema>
  /** This process, among those that share the database. */
  readonly replicaId: string
  readonly #announcementOf: ReturnType<typeof announcementOf>

  constructor(db: Kysely<DirectorySchema>, replicaId: string) {
    this.#db = db
    this.replicaId = replicaId
    this.#announcementOf = announcementOf(db)
  }

  /** Write an announcement in the place of what stands. @returns its number. */
  async announce(announcement: Announcement, nowMs: number): Promise<number> {
    const row = this.#rowOf(announcement, nowMs)
    const { number } = await this.#db
      .insertInto('presence')
      .values({ account: announcement.account, number: 1, ...row })
      .onConflict((conflict) =>
        conflict.column('account').doUpdateSet({ ...row, number: sql<number>`presence.number + 1` }),
      )
      .returning('number')
      .executeTakeFirstOrThrow()
    return number
  }

  /** Write an announcement again that was lost, unless a newer one stands, or another process has it. */
  async restore(announcement: NumberedAnnouncement, nowMs: number): Promise<void> {
    const { account, number } = announcement
    const row = { number, ...this.#rowOf(announcement, nowMs) }
    await this.#db
      .insertInto('presence')
      .values({ account, ...row })
      .onConflict((conflict) =>
        conflict
          .column('account')
          .doUpdateSet(row)
          .where(({ eb, or, and }) =>
            or([
              eb('presence.number', '<', number),
              and([eb('presence.number', '=', number), eb('presence.replica_id', 'is', null)]),
            ]),
          ),
      )
      .execute()
  }

  /** Take an announcement of this process back, if it still stands. */
  async withdraw({ account, number }: Pick<Standing, 'account' | 'number'>, nowMs: number): Promise<void> {
    await this.#db
      .updateTable('presence')
      .set({ ...WITHDRAWN, changed_at: nowMs })
      .where('account', '=', account)
      .where('number', '=', number)
      .where('replica_id', '=', this.replicaId)
      .execute()
  }

  /** Take back what a session has announced, wherever. The process that holds it finds a greater number. */
  async expel({ account, sessionId }: Announcement, nowMs: number): Promise<void> {
    await this.#db
      .updateTable('presence')
      .set((presence) => ({ ...WITHDRAWN, changed_at: nowMs, number: presence('number', '+', 1) }))
      .where('account', '=', account)
      .where('session_id', '=', sessionId)
      .execute()
  }

  /** The announcement of an account whose process is alive. */
  async find(account: string, nowMs: number): Promise<Announcement | undefined> {
    const [row] = await this.#announcementOf(account, nowMs)
    if (row === undefined) return undefined
    const { relay_address, attendance_id } = row
    return {
      account,
      sessionId: row.session_id,
      instanceId: row.instance_id,
      endpoints: JSON.parse(row.endpoints) as Endpoint[],
      ...(relay_address !== null &&
        attendance_id !== null && { relay: { address: relay_address, attendanceId: Buffer.from(attendance_id) } }),
    }
  }

  /** Those of the accounts that are online. */
  async onlineAmong(accounts: readonly string[], nowMs: number): Promise<Set<string>> {
    const online = new Set<string>()
    for (const some of batches(accounts)) {
      const rows = await this.#db
        .selectFrom('presence')
        .innerJoin('replica', 'replica.id', 'presence.replica_id')
        .select('account')
        .where('account', 'in', some)
        .where('lease_ends_at', '>', nowMs)
        .execute()
      for (const { account } of rows) online.add(account)
    }
    return online
  }

  /** What stands of this process. */
  async ownStandings(): Promise<Standing[]> {
    return await this.#standings().where('replica_id', '=', this.replicaId).execute()
  }

  /** What stands of these accounts, or stood last. */
  async standingsOf(accounts: readonly string[]): Promise<Standing[]> {
    const found: Standing[] = []
    for (const some of batches(accounts))
      found.push(...(await this.#standings().where('account', 'in', some).execute()))
    return found
  }

  /**
   * Say that this process lives until then. Whether another program keeps the database locked is found out first: that
   * takes half a second in which nothing else is done, and not five.
   */
  async renewLease(leaseEndsAtMs: number): Promise<void> {
    await probeDatabase(this.#db)
    const lease = { lease_ends_at: leaseEndsAtMs }
    await this.#db
      .insertInto('replica')
      .values({ id: this.replicaId, ...lease })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(lease))
      .execute()
  }

  /** Clear away what processes have left whose lease ended before that, and rows that are older than {@link KEPT_MS}. */
  async clear(leaseEndedBeforeMs: number, nowMs: number): Promise<void> {
    const dead = this.#db.selectFrom('replica').select('id').where('lease_ends_at', '<', leaseEndedBeforeMs)
    await this.#db
      .updateTable('presence')
      .set({ ...WITHDRAWN, changed_at: nowMs })
      .where('replica_id', 'in', dead)
      .execute()
    await this.#db.deleteFrom('replica').where('lease_ends_at', '<', leaseEndedBeforeMs).execute()
    await this.#db
      .deleteFrom('presence')
      .where('replica_id', 'is', null)
      .where('changed_at', '<', nowMs - KEPT_MS)
      .execute()
  }

  /** Take back all that this process has announced, and its lease. */
  async leave(nowMs: number): Promise<void> {
    await this.#db
      .updateTable('presence')
      .set({ ...WITHDRAWN, changed_at: nowMs })
      .where('replica_id', '=', this.replicaId)
      .execute()
    await this.#db.deleteFrom('replica').where('id', '=', this.replicaId).execute()
  }

  #standings() {
    return this.#db.selectFrom('presence').select(['account', 'number', 'replica_id as replicaId'])
  }

  #rowOf({ sessionId, instanceId, endpoints, relay }: Announcement, nowMs: number) {
    return {
      replica_id: this.replicaId,
      session_id: sessionId,
      instance_id: instanceId,
      endpoints: JSON.stringify(endpoints),
      relay_address: relay?.address ?? null,
      attendance_id: relay?.attendanceId ?? null,
      changed_at: nowMs,
    }
  }
}

/** Nothing is kept of where somebody was. */
const WITHDRAWN = { replica_id: null, endpoints: '[]', relay_address: null, attendance_id: null }

/** Finds the announcement of an account. To be given the account and the time. */
function announcementOf(db: Kysely<DirectorySchema>) {
  return compileOnce(
    db,
    db
      .selectFrom('presence')
      .innerJoin('replica', 'replica.id', 'presence.replica_id')
      .select(['session_id', 'instance_id', 'endpoints', 'relay_address', 'attendance_id'])
      .where('account', '=', '')
      .where('lease_ends_at', '>', 0),
  )
}

function* batches(accounts: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < accounts.length; start += LOOKUP_BATCH) yield accounts.slice(start, start + LOOKUP_BATCH)
}

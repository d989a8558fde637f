/**
 * The accounts that are online: an account is, while one of its receivers holds an Announce stream open.
 *
 * The streams are in the memory of the process that serves them; what others need to know of them is in the database.
 * Each announcement there belongs to the row of its process, and counts only while that row's lease runs. So a process
 * that dies without a word takes its receivers offline by itself, and the rate of writes grows with processes, not with
 * people.
 *
 * Whoever watches is told of the changes: watchers.ts.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { compileOnce } from '#lib/runtime/sqlite.ts'
import { sessionEnded } from '#lib/shared-errors.ts'
import type { DirectorySchema } from './store.ts'
import { Watchers } from './watchers.ts'

/** How long a process is taken to be alive after it last said so, in milliseconds: three renewals may fail. */
export const LEASE_MS = 15_000

/** How often a process renews its lease, in milliseconds. */
export const RENEWAL_MS = LEASE_MS / 3

/** How many accounts one query looks up at most; more would only make it long. */
const LOOKUP_BATCH = 500

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
}

/** An announcement that stands until it is withdrawn or its signal fires. */
export interface Registration {
  /** Whether it took the place of one of another receiver of the account. */
  readonly hasReplacedInstance: boolean
  /** Fires when something else than the caller ends it; the reason is a SottoError for the caller. */
  readonly ended: AbortSignal
  /** End it. Safe to repeat, and after another announcement took its place. */
  withdraw(): Promise<void>
}

interface Entry {
  readonly announcementId: string
  readonly sessionId: Uint8Array
  readonly controller: AbortController
}

export class PresenceRegistry {
  /** The watches that are open at this process. */
  readonly watchers = new Watchers((accounts) => this.#onlineAmong(accounts))
  readonly #db: Kysely<DirectorySchema>
  readonly #clock: Clock
  readonly #announcementOf: ReturnType<typeof announcementOf>
  readonly #replicaId = randomUUID()
  /** The announcements that this process holds open, by account. */
  readonly #entries = new Map<string, Entry>()
  #left = false
  /** The failure that keeps this process from writing its lease, or who is online; undefined once it can again. */
  #failure: unknown

  private constructor(db: Kysely<DirectorySchema>, clock: Clock) {
    this.#db = db
    this.#announcementOf = announcementOf(db)
    this.#clock = clock
  }

  /**
   * Join the database as a process of its own. {@link renew} is the caller's to call, every {@link RENEWAL_MS}.
   */
  static async join(db: Kysely<DirectorySchema>, clock: Clock): Promise<PresenceRegistry> {
    const presence = new PresenceRegistry(db, clock)
    await presence.renew()
    return presence
  }

  /**
   * Put an account online. An earlier announcement of the same account ends with `ERR_ANNOUNCE_REPLACED`.
   *
   * @throws SottoError `ERR_SERVER_DISK_FULL`, `ERR_SERVER_STORE` if the database cannot be written; the earlier
   *   announcement then stands.
   */
  async announce({ account, sessionId, instanceId, endpoints }: Announcement): Promise<Registration> {
    const entry: Entry = { announcementId: randomUUID(), sessionId, controller: new AbortController() }
    const row = {
      announcement_id: entry.announcementId,
      replica_id: this.#replicaId,
      session_id: sessionId,
      instance_id: instanceId,
      endpoints: JSON.stringify(endpoints),
    }
    const before = await this.#noteFailure(this.#read(account))
    const write = this.#db
      .insertInto('presence')
      .values({ account, ...row })
      .onConflict((conflict) => conflict.column('account').doUpdateSet(row))
    await this.#noteFailure(write.execute())
    this.#end(account, new SottoError('ERR_ANNOUNCE_REPLACED', 'a newer announcement of this account took its place'))
    this.#entries.set(account, entry)
    this.watchers.noteChange(account)
    return {
      hasReplacedInstance: before !== undefined && Buffer.compare(before.instanceId, instanceId) !== 0,
      ended: entry.controller.signal,
      withdraw: () => this.#withdraw(account, entry),
    }
  }

  /**
   * The announcement of an account that is online, wherever its stream is held.
   *
   * @throws SottoError why the database cannot be written, where nobody can be told to be away for that.
   */
  async find(account: string): Promise<Announcement | undefined> {
    const found = await this.#read(account)
    if (found === undefined && this.#failure !== undefined) throw this.#failure
    return found
  }

  async #read(account: string): Promise<Announcement | undefined> {
    const [row] = await this.#announcementOf(account, this.#clock.now().getTime())
    if (row === undefined) return undefined
    return {
      account,
      sessionId: row.session_id,
      instanceId: row.instance_id,
      endpoints: JSON.parse(row.endpoints) as Endpoint[],
    }
  }

  /**
   * Take an account offline because the session that announced it has ended. An announcement by another session of the
   * account stands.
   */
  async expel({ account, sessionId }: Announcement): Promise<void> {
    await this.#db.deleteFrom('presence').where('account', '=', account).where('session_id', '=', sessionId).execute()
    this.watchers.noteChange(account)
    const entry = this.#entries.get(account)
    if (entry && Buffer.compare(entry.sessionId, sessionId) === 0) this.#end(account, sessionEnded())
  }

  /**
   * Say that this process lives, clear away those that did not for a whole lease, and tell the watchers what other
   * processes have changed.
   */
  async renew(): Promise<void> {
    await this.#noteFailure(this.#renewLease())
    this.#failure = undefined
    await this.watchers.refresh()
  }

  async #renewLease(): Promise<void> {
    const now = this.#clock.now().getTime()
    const lease = { lease_ends_at: now + LEASE_MS }
    await this.#db
      .insertInto('replica')
      .values({ id: this.#replicaId, ...lease })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(lease))
      .execute()
    // A lease longer than needed: a process that merely slept comes back to what it holds.
    await this.#db
      .deleteFrom('replica')
      .where('lease_ends_at', '<', now - LEASE_MS)
      .execute()
  }

  async #noteFailure<T>(writing: Promise<T>): Promise<T> {
    try {
      return await writing
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  /** Take everything that this process holds offline, at once and not when its lease ends. The streams are the server's. */
  async withdrawAll(): Promise<void> {
    this.#entries.clear()
    this.#left = true
    await this.#db.deleteFrom('replica').where('id', '=', this.#replicaId).execute()
  }

  #end(account: string, reason: SottoError): void {
    const entry = this.#entries.get(account)
    this.#entries.delete(account)
    entry?.controller.abort(reason)
  }

  async #withdraw(account: string, entry: Entry): Promise<void> {
    if (this.#left) return
    if (this.#entries.get(account) === entry) this.#entries.delete(account)
    await this.#db
      .deleteFrom('presence')
      .where('account', '=', account)
      .where('announcement_id', '=', entry.announcementId)
      .execute()
    this.watchers.noteChange(account)
  }

  async #onlineAmong(accounts: readonly string[]): Promise<Set<string>> {
    if (this.#failure !== undefined) throw this.#failure
    const online = new Set<string>()
    for (let start = 0; start < accounts.length; start += LOOKUP_BATCH) {
      const rows = await this.#db
        .selectFrom('presence')
        .innerJoin('replica', 'replica.id', 'presence.replica_id')
        .select('account')
        .where('account', 'in', accounts.slice(start, start + LOOKUP_BATCH))
        .where('lease_ends_at', '>', this.#clock.now().getTime())
        .execute()
      for (const { account } of rows) online.add(account)
    }
    return online
  }
}

/** Finds the announcement of an account. To be given the account and the time. */
function announcementOf(db: Kysely<DirectorySchema>) {
  return compileOnce(
    db,
    db
      .selectFrom('presence')
      .innerJoin('replica', 'replica.id', 'presence.replica_id')
      .select(['session_id', 'instance_id', 'endpoints'])
      .where('account', '=', '')
      .where('lease_ends_at', '>', 0),
  )
}

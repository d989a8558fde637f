/**
 * The accounts that are online: an account is, while one of its receivers holds an Announce stream open.
 *
 * The streams are in the memory of the process that serves them, and that is the truth; what others need to know of them
 * is in the database, a copy. Each announcement there belongs to a process, and counts only while the lease of that
 * process runs. So a process that dies without a word takes its receivers offline by itself, and the rate of writes grows
 * with processes, not with people. A lease that lapsed is never fatal: with each renewal a process compares the copy with
 * what it holds, writes again what is missing, and ends what a newer announcement elsewhere has replaced.
 *
 * Whoever watches is told of the changes: watchers.ts.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { AccountNotices } from '#lib/runtime/database/account-notices.ts'
import { sessionEnded } from '#lib/shared-errors.ts'
import { type Announcement, type NumberedAnnouncement, PresenceRows, type Standing } from './presence-rows.ts'
import type { DirectorySchema } from './store.ts'
import { Watchers } from './watchers.ts'

/** How long a process is taken to be alive after it last said so, in milliseconds: three renewals may fail. */
export const LEASE_MS = 15_000

/** How often a process renews its lease, in milliseconds. */
export const RENEWAL_MS = LEASE_MS / 3

/** After how many leases what a dead process left is cleared away: until then it merely does not count. */
const CLEARED_AFTER_LEASES = 10

/** How many announcements are taken back at once that nobody holds: the lease is not to wait for them. */
const MAX_UNHELD = 500

/** An announcement that stands until it is withdrawn or its signal fires. */
export interface Registration {
  /** Whether it took the place of one of another receiver of the account. */
  readonly hasReplacedInstance: boolean
  /** Fires when something else than the caller ends it; the reason is a SottoError for the caller. */
  readonly ended: AbortSignal
  /** End it. Safe to repeat, and after another announcement took its place. */
  withdraw(): Promise<void>
}

/** What a process needs that shares its database with others. */
export interface Sharing {
  /** Undefined where no other process can be told. */
  readonly notices?: AccountNotices<DirectorySchema>
  /** The time of all that share the database, in milliseconds since 1970; undefined where that is this machine's. */
  readonly sharedTimeMs?: () => Promise<number | undefined>
}

interface Entry extends NumberedAnnouncement {
  readonly controller: AbortController
}

export class PresenceRegistry {
  /** The watches that are open at this process. */
  readonly watchers = new Watchers((accounts) => this.#onlineAmong(accounts))
  readonly #rows: PresenceRows
  readonly #clock: Clock
  readonly #notices: AccountNotices<DirectorySchema> | undefined
  readonly #sharedTimeMs: () => Promise<number | undefined>
  /** The announcements that this process holds open, by account. */
  readonly #entries = new Map<string, Entry>()
  /** Those that are being written, which nobody holds yet. */
  readonly #announcing = new Set<Announcement>()
  /** How far the shared time is ahead of this machine's, in milliseconds. */
  #aheadMs = 0
  #left = false
  /** The failure that keeps this process from writing its lease, or who is online; undefined once it can again. */
  #failure: unknown

  private constructor(
    db: Kysely<DirectorySchema>,
    clock: Clock,
    { notices, sharedTimeMs = async () => undefined }: Sharing,
  ) {
    this.#rows = new PresenceRows(db, randomUUID())
    this.#clock = clock
    this.#notices = notices
    this.#sharedTimeMs = sharedTimeMs
  }

  /**
   * Join the database as a process of its own. {@link renew} is the caller's to call, every {@link RENEWAL_MS}.
   */
  static async join(db: Kysely<DirectorySchema>, clock: Clock, sharing: Sharing = {}): Promise<PresenceRegistry> {
    const presence = new PresenceRegistry(db, clock, sharing)
    await presence.renew()
    return presence
  }

  /** How many announcements this process holds. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * Put an account online. An earlier announcement of the same account ends with `ERR_ANNOUNCE_REPLACED`, at whatever
   * process it is held.
   *
   * @throws SottoError `ERR_SERVER_DISK_FULL`, `ERR_SERVER_STORE`, `ERR_UNAVAILABLE` if the database cannot be written;
   *   the earlier announcement then stands.
   */
  async announce(announcement: Announcement): Promise<Registration> {
    this.#announcing.add(announcement)
    try {
      return await this.#announce(announcement)
    } finally {
      this.#announcing.delete(announcement)
    }
  }

  async #announce(announcement: Announcement): Promise<Registration> {
    const { account, instanceId } = announcement
    const before = await this.#noteFailure(this.#rows.find(account, this.#now()))
    const number = await this.#noteFailure(this.#rows.announce(announcement, this.#now()))
    const entry: Entry = { ...announcement, number, controller: new AbortController() }
    const held = this.#entries.get(account)
    if (held !== undefined && held.number > number) entry.controller.abort(replaced())
    else {
      held?.controller.abort(replaced())
      this.#entries.set(account, entry)
    }
    this.#tell(account)
    return {
      hasReplacedInstance: before !== undefined && Buffer.compare(before.instanceId, instanceId) !== 0,
      ended: entry.controller.signal,
      withdraw: () => this.#withdraw(entry),
    }
  }

  /**
   * The announcement of an account that is online, wherever its stream is held.
   *
   * @throws SottoError why the database cannot be written, where nobody can be told to be away for that.
   */
  async find(account: string): Promise<Announcement | undefined> {
    const found = await this.#rows.find(account, this.#now())
    if (found === undefined && this.#failure !== undefined) throw this.#failure
    return found
  }

  /** Which of these accounts are online. @throws as {@link find}. */
  onlineAmong(accounts: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#onlineAmong(accounts)
  }

  /**
   * Take an account offline because the session that announced it has ended. An announcement by another session of the
   * account stands.
   */
  async expel(announcement: Announcement): Promise<void> {
    const { account, sessionId } = announcement
    await this.#rows.expel(announcement, this.#now())
    this.#tell(account)
    const entry = this.#entries.get(account)
    if (entry && Buffer.compare(entry.sessionId, sessionId) === 0) this.#end(entry, sessionEnded())
  }

  /**
   * Say that this process lives, compare what it holds with what the database says of it, clear away what the dead left,
   * and tell the watchers what other processes have changed.
   */
  async renew(): Promise<void> {
    await this.#noteFailure(this.#renewLease())
    this.#failure = undefined
    await this.watchers.refresh()
  }

  /** Find out whether another process has changed what stands of these accounts; for whoever hears of it. */
  async recheck(accounts: readonly string[]): Promise<void> {
    for (const account of accounts) this.watchers.noteChange(account)
    const held = accounts.flatMap((account) => this.#entries.get(account) ?? [])
    if (held.length > 0) await this.#settle(held)
  }

  /** Take everything that this process holds offline, at once and not when its lease ends. The streams are the server's. */
  async withdrawAll(): Promise<void> {
    const accounts = [...this.#entries.keys()]
    this.#entries.clear()
    this.#left = true
    await this.#rows.leave(this.#now())
    for (const account of accounts) this.#notices?.notify(account)
    await this.#notices?.flush()
  }

  async #renewLease(): Promise<void> {
    const sharedMs = await this.#sharedTimeMs()
    if (sharedMs !== undefined) this.#aheadMs = sharedMs - this.#clock.now().getTime()
    await this.#rows.renewLease(this.#now() + LEASE_MS)
    await this.#rows.clear(this.#now() - CLEARED_AFTER_LEASES * LEASE_MS, this.#now())
    const held = [...this.#entries.values()]
    const standings = await this.#rows.ownStandings()
    await this.#withdrawUnheld(standings)
    const own = new Map(standings.map(({ account, number }) => [account, number]))
    await this.#settle(held.filter(({ account, number }) => own.get(account) !== number))
  }

  /** Take back what is written and nobody holds: the database failed as its stream ended, or answered too late. */
  async #withdrawUnheld(standings: readonly Standing[]): Promise<void> {
    const coming = new Set(Array.from(this.#announcing, ({ account }) => account))
    const unheld = standings.filter(({ account }) => !this.#entries.has(account) && !coming.has(account))
    for (const standing of unheld.slice(0, MAX_UNHELD)) {
      await this.#rows.withdraw(standing, this.#now())
      this.#tell(standing.account)
    }
  }

  /** Bring what is held and what is written together: write what is lost, end what was replaced. */
  async #settle(held: readonly Entry[]): Promise<void> {
    if (held.length === 0) return
    const standings = await this.#rows.standingsOf(held.map(({ account }) => account))
    const byAccount = new Map(standings.map((standing) => [standing.account, standing]))
    for (const entry of held) {
      // It may have ended, or been replaced here, meanwhile.
      if (this.#entries.get(entry.account) !== entry) continue
      const standing = byAccount.get(entry.account)
      if (standing !== undefined && this.#isOvertaken(entry, standing)) this.#end(entry, replaced())
      else if (standing?.number !== entry.number || standing.replicaId === null) {
        await this.#rows.restore(entry, this.#now())
        this.#tell(entry.account)
      }
    }
  }

  #isOvertaken({ number }: Entry, standing: Standing): boolean {
    const isElsewhere = standing.replicaId !== null && standing.replicaId !== this.#rows.replicaId
    return standing.number > number || (standing.number === number && isElsewhere)
  }

  async #withdraw(entry: Entry): Promise<void> {
    if (this.#left) return
    if (this.#entries.get(entry.account) === entry) this.#entries.delete(entry.account)
    await this.#rows.withdraw(entry, this.#now())
    this.#tell(entry.account)
  }

  #end(entry: Entry, reason: SottoError): void {
    this.#entries.delete(entry.account)
    entry.controller.abort(reason)
  }

  #tell(account: string): void {
    this.watchers.noteChange(account)
    this.#notices?.notify(account)
  }

  async #onlineAmong(accounts: readonly string[]): Promise<Set<string>> {
    if (this.#failure !== undefined) throw this.#failure
    return await this.#rows.onlineAmong(accounts, this.#now())
  }

  async #noteFailure<T>(writing: Promise<T>): Promise<T> {
    try {
      return await writing
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #now(): number {
    return this.#clock.now().getTime() + this.#aheadMs
  }
}

function replaced(): SottoError {
  return new SottoError('ERR_ANNOUNCE_REPLACED', 'a newer announcement of this account took its place')
}

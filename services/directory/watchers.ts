/**
 * Everybody's watches at this process, and what keeps them current.
 *
 * The database alone says who is online. A change only makes its name stale: the name is then looked up, together with
 * whatever else has become stale by that time. Lookups never overlap, so the last one of a name begins after its last
 * change, and no answer can overtake a newer one.
 *
 * What this process does to the database makes names stale at once. What others do, and leases that end, it cannot
 * notice by itself; for these every watched name is looked up with each renewal of the lease.
 *
 * @module
 */
import { Watch } from './watch.ts'

/** Tells which of the accounts are online. */
export type PresenceLookup = (accounts: readonly string[]) => Promise<ReadonlySet<string>>

export class Watchers {
  readonly #lookUp: PresenceLookup
  readonly #open = new Set<Watch>()
  readonly #byWatched = new Map<string, Set<Watch>>()
  /** Names that may have changed since they were last looked up. */
  readonly #stale = new Set<string>()
  #lastPoll: Promise<void> = Promise.resolve()

  constructor(lookUp: PresenceLookup) {
    this.#lookUp = lookUp
  }

  /** How many watches are open. */
  get size(): number {
    return this.#open.size
  }

  /**
   * Begin a watch; it goes on until it is disposed of.
   *
   * @returns the watch, with the state of each name to be told.
   * @throws whatever the database fails with.
   */
  async open(usernames: Iterable<string>): Promise<Watch> {
    const watch = new Watch(usernames, (ended) => {
      this.#open.delete(ended)
      for (const username of ended.usernames) remove(this.#byWatched, username, ended)
    })
    this.#open.add(watch)
    for (const username of watch.usernames) add(this.#byWatched, username, watch)
    try {
      await this.#recheck(watch.usernames)
      return watch
    } catch (error) {
      watch[Symbol.dispose]()
      throw error
    }
  }

  /** Say that an account may have come online or gone offline. */
  noteChange(account: string): void {
    if (!this.#byWatched.has(account)) return
    // A name that cannot be looked up stays stale until the next renewal, whose failure is told.
    this.#recheck([account]).catch(() => {})
  }

  /** Look every watched name up. Whatever the database fails with is thrown; nobody is told anything then. */
  async refresh(): Promise<void> {
    await this.#recheck(this.#byWatched.keys())
  }

  #recheck(usernames: Iterable<string>): Promise<void> {
    for (const username of usernames) this.#stale.add(username)
    const poll = () => this.#poll()
    this.#lastPoll = this.#lastPoll.then(poll, poll)
    return this.#lastPoll
  }

  async #poll(): Promise<void> {
    const names = [...this.#stale].filter((name) => this.#byWatched.has(name))
    this.#stale.clear()
    if (names.length === 0) return
    try {
      const online = await this.#lookUp(names)
      for (const name of names) {
        for (const watch of this.#byWatched.get(name) ?? []) watch.note(name, online.has(name))
      }
    } catch (error) {
      for (const name of names) this.#stale.add(name)
      throw error
    }
  }
}

function add(index: Map<string, Set<Watch>>, key: string, watch: Watch): void {
  const watches = index.get(key)
  if (watches) watches.add(watch)
  else index.set(key, new Set([watch]))
}

function remove(index: Map<string, Set<Watch>>, key: string, watch: Watch): void {
  const watches = index.get(key)
  watches?.delete(watch)
  if (watches?.size === 0) index.delete(key)
}

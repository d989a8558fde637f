/**
 * Carries what was received and not yet read out of the store to a reader, such as standard output: in order, and
 * marked as seen only once the reader has it. After a crash in between a message comes again, with the same id; none is
 * lost. A slow reader holds up nobody who writes.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises'
import type { Schedule } from '#lib/runtime/schedule.ts'
import { withTimeout } from '#lib/runtime/with-timeout.ts'
import type { Store } from '../store.ts'
import type { Message } from './messages.ts'
import type { UnreadGap } from './unread.ts'

/**
 * How long a reader has to take something when this process wants to end, in milliseconds: its locks keep all others
 * waiting, of which who wants to receive waits for 10 seconds.
 */
export const READER_TIMEOUT_MS = 2_000

export interface UnreadFeedOptions {
  readonly store: Store
  /**
   * Takes messages from one person, at least one; they count as read when it resolves, unless with a number: then they
   * come again after so many milliseconds. What it rejects with ends the feed.
   */
  readonly show: (name: string, messages: readonly Message[]) => Promise<number | undefined>
  /** Note what was read; {@link Store.markRead} does it, and more may hang on it. */
  readonly markRead: (name: string, through: Message | UnreadGap) => void
  /** Messages from somebody are missing in the store, or cannot be read. */
  readonly onGap: (name: string) => void
  /** How many messages to show at most before they count as read; {@link PAGE} unless set. */
  readonly page?: number
  /** How long the reader may take for them at the end, in milliseconds; {@link READER_TIMEOUT_MS} unless set. */
  readonly timeoutMs?: number
  /** The timer of that; Node.js's unless set. */
  readonly schedule?: Schedule
}

/** The most messages in a page: small ones take 2 or 3 ms of this process, in which nobody else is served. */
const PAGE = 2_000

export class UnreadFeed {
  readonly #options: UnreadFeedOptions
  /** The names of those from whom something may be unread. */
  readonly #names = new Set<string>()
  /** Timers of those whose turn comes later. */
  readonly #postponed = new Map<string, NodeJS.Timeout>()
  #running: Promise<void> | undefined
  readonly #failure = Promise.withResolvers<never>()
  #hasFailed = false
  /** Resolves when the reader has taken some more, or all. */
  #taken = Promise.withResolvers<void>()
  #isOver = false

  constructor(options: UnreadFeedOptions) {
    this.#options = options
    // Whoever waits for it hears it; nobody has to.
    this.failed.catch(() => undefined)
  }

  /** The failure of the reader: rejects with it, and never resolves. */
  get failed(): Promise<never> {
    return this.#failure.promise
  }

  /** Look for new messages: from one person, or from anybody. */
  wake(name?: string): void {
    const names = name === undefined ? this.#options.store.names() : [name]
    for (const each of names) if (!this.#postponed.has(each)) this.#names.add(each)
    // What was received in one go is shown in one go.
    if (!this.#hasFailed && !this.#isOver) this.#running ??= Promise.resolve().then(() => this.#run())
  }

  /**
   * Resolves when the reader has everything that is not to come later, or has failed, or takes nothing any more. Nothing
   * comes later then, the store is not used, and what the reader has not taken comes again at the next start.
   */
  async drained(): Promise<void> {
    const { timeoutMs = READER_TIMEOUT_MS, schedule } = this.#options
    while (this.#running !== undefined && (await withTimeout(this.#taken.promise, timeoutMs, schedule)));
    this.#isOver = true
    for (const timer of this.#postponed.values()) clearTimeout(timer)
  }

  async #run(): Promise<void> {
    try {
      // A set goes on with what is added behind: everybody gets a turn.
      for (const name of this.#names) {
        if (this.#isOver) return
        this.#names.delete(name)
        if (await this.#showSome(name)) this.#names.add(name)
        this.#noteTaken()
      }
    } catch (error) {
      this.#hasFailed = true
      this.#failure.reject(error)
    } finally {
      this.#running = undefined
      this.#noteTaken()
    }
  }

  #noteTaken(): void {
    this.#taken.resolve()
    this.#taken = Promise.withResolvers()
  }

  /** Returns whether there was anything. */
  async #showSome(name: string): Promise<boolean> {
    const { store, show, markRead, onGap, page: limit = PAGE } = this.#options
    const page = store.unread(name, { limit })
    if (page.length === 0) return false
    if (page.some(({ kind }) => kind === 'gap')) onGap(name)
    const messages = page.filter((each) => each.kind === 'message')
    const waitMs = messages.length > 0 ? await show(name, messages) : undefined
    // Whoever wrote waits for the acknowledgement, and nobody for this.
    await setImmediate()
    if (this.#isOver) return false
    const last = page.at(-1)
    if (waitMs !== undefined) this.#postpone(name, waitMs)
    else if (last !== undefined) markRead(name, last)
    return waitMs === undefined && last !== undefined
  }

  #postpone(name: string, ms: number): void {
    // What has come while it was shown waits as well.
    this.#names.delete(name)
    const timer = setTimeout(() => {
      this.#postponed.delete(name)
      this.wake(name)
    }, ms)
    this.#postponed.set(name, timer)
  }
}

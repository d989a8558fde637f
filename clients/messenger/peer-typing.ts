/**
 * The typing of others. They report it every few seconds, and may go away without reporting that they stopped.
 *
 * @module
 */
import type { Schedule } from '#lib/runtime/schedule.ts'

/** How long somebody counts as writing after a report, in milliseconds: twice as long as they wait at most. */
export const SHOWN_MS = 10_000

/**
 * How many changes of one person are told at once in that time: many more than a person makes, and few enough that nobody
 * keeps this end busy or fills a script's pipe with them. Of those beyond it the last one counts, when the time is over.
 */
export const MOST_CHANGES = 20

export interface PeerTypingOptions {
  readonly onChange: (name: string) => void
  readonly schedule: Schedule
}

export class PeerTyping {
  readonly #options: PeerTypingOptions
  /** The people who write, each with the timer that ends it. */
  readonly #active = new Map<string, ReturnType<Schedule>>()
  /** The last report of each, and how many there were of late. */
  readonly #lastReported = new Map<string, { isActive: boolean; changes: number }>()

  constructor(options: PeerTypingOptions) {
    this.#options = options
  }

  has(name: string): boolean {
    return this.#active.has(name)
  }

  /** Note that somebody writes, or has stopped: their message has come, or they reported it. */
  set(name: string, isActive: boolean): void {
    const before = this.#active.get(name)
    before?.cancel()
    if (isActive)
      this.#active.set(
        name,
        this.#options.schedule(SHOWN_MS, () => this.set(name, false)),
      )
    else this.#active.delete(name)
    this.#report(name)
  }

  #report(name: string): void {
    const isActive = this.has(name)
    const told = this.#lastReported.get(name)
    if (isActive === (told?.isActive ?? false)) return
    if (told === undefined) {
      this.#lastReported.set(name, { isActive, changes: 1 })
      this.#options.schedule(SHOWN_MS, () => this.#forgive(name))
    } else {
      if (told.changes >= MOST_CHANGES) return
      told.isActive = isActive
      told.changes += 1
    }
    this.#options.onChange(name)
  }

  /** Let a report count no longer. */
  #forgive(name: string): void {
    const told = this.#lastReported.get(name)
    if (told === undefined) return
    const isNews = told.isActive !== this.has(name)
    if (!told.isActive && !isNews) {
      this.#lastReported.delete(name)
      return
    }
    told.changes = 0
    this.#options.schedule(SHOWN_MS, () => this.#forgive(name))
    this.#report(name)
  }
}

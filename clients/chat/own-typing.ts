/**
 * The reports of the user's typing to others: now and then that it goes on, and that it has ended.
 *
 * @module
 */
import type { Schedule } from '#lib/runtime/schedule.ts'

/** How often they are told at most that it goes on, in milliseconds: half of what they show it for. */
export const REPEAT_INTERVAL_MS = 5_000

/** The time without a key after which typing has ended, in milliseconds. */
export const IDLE_MS = 5_000

export interface OwnTypingOptions {
  readonly send: (name: string, isActive: boolean) => void
  readonly monotonicMs: () => number
  readonly schedule: Schedule
}

export class OwnTyping {
  readonly #options: OwnTypingOptions
  /** The person last told that the user writes to them, and when. */
  #lastSent: { readonly name: string; readonly atMs: number } | undefined
  #idle: ReturnType<Schedule> | undefined

  constructor(options: OwnTypingOptions) {
    this.#options = options
  }

  /**
   * The line has changed.
   *
   * @param name - Whom it is written to; undefined where it is empty, or no message.
   */
  typed(name: string | undefined): void {
    if (name !== this.#lastSent?.name) this.stop()
    if (name === undefined) return
    const { send, monotonicMs, schedule } = this.#options
    const nowMs = monotonicMs()
    if (this.#lastSent === undefined || nowMs - this.#lastSent.atMs >= REPEAT_INTERVAL_MS) {
      this.#lastSent = { name, atMs: nowMs }
      send(name, true)
    }
    this.#idle?.cancel()
    this.#idle = schedule(IDLE_MS, () => this.stop())
  }

  /** Note that nothing is being written any more. */
  stop(): void {
    this.#idle?.cancel()
    const lastSent = this.#lastSent
    this.#lastSent = undefined
    if (lastSent !== undefined) this.#options.send(lastSent.name, false)
  }
}

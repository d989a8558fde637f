/**
 * Work that others ask for, as often as they like, and that is done no more often than it may be.
 *
 * @module
 */
import type { Schedule } from '#lib/runtime/schedule.ts'

export interface PacedOptions {
  /** How long after it was begun it may begin again, in milliseconds. */
  readonly everyMs: number
  readonly monotonicMs: () => number
  readonly schedule: Schedule
  readonly work: () => void
}

export class Paced implements Disposable {
  readonly #options: PacedOptions
  #begunAtMs = Number.NEGATIVE_INFINITY
  #timer: ReturnType<Schedule> | undefined
  #isOver = false

  constructor(options: PacedOptions) {
    this.#options = options
  }

  /** Do it now, or once it may be done again: once for all who ask until then. */
  ask(): void {
    if (this.#timer !== undefined || this.#isOver) return
    const { everyMs, monotonicMs, schedule } = this.#options
    const waitMs = this.#begunAtMs + everyMs - monotonicMs()
    if (waitMs <= 0) this.#begin()
    else this.#timer = schedule(waitMs, () => this.#begin())
  }

  #begin(): void {
    this.#timer = undefined
    this.#begunAtMs = this.#options.monotonicMs()
    this.#options.work()
  }

  /** Do it no more. */
  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.cancel()
  }
}

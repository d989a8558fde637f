/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'

export class FakeClock implements Clock {
  #nowMs: number
  #monotonicMs = 0

  /** @param startMs - Milliseconds since 1970; a day in 2030 unless set. */
  constructor(startMs: number = Date.UTC(2030, 0, 1)) {
    this.#nowMs = startMs
  }

  now(): Date {
    return new Date(this.#nowMs)
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** Let so many milliseconds pass. */
  advance(milliseconds: number): void {
    this.#nowMs += milliseconds
    this.#monotonicMs += milliseconds
  }
}

/**
 * Timers that go off when a test moves their clock.
 *
 * @module
 */
import type { Schedule } from '#lib/runtime/schedule.ts'

export class FakeTimers {
  #nowMs = 0
  readonly #due = new Map<object, { readonly atMs: number; readonly run: () => void }>()

  readonly monotonicMs = (): number => this.#nowMs

  readonly schedule: Schedule = (ms, run) => {
    const timer = { cancel: () => void this.#due.delete(timer) }
    this.#due.set(timer, { atMs: this.#nowMs + ms, run })
    return timer
  }

  /** Let so many milliseconds pass: timers that are due meanwhile fire in their order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (;;) {
      const [next] = [...this.#due].filter(([, { atMs }]) => atMs <= endMs).sort(([, a], [, b]) => a.atMs - b.atMs)
      if (next === undefined) break
      const [timer, { atMs, run }] = next
      this.#due.delete(timer)
      this.#nowMs = atMs
      run()
    }
    this.#nowMs = endMs
  }
}

/**
 * People for whom something is to be done, each after a while of their own: whoever's time has come takes along all whose time
 * comes within a moment. A lone one waits for nobody.
 *
 * @module
 */

import type { Schedule } from '#lib/runtime/schedule.ts'

/** How much before its own time somebody goes along with another, in milliseconds. */
const MOMENT_MS = 1_000

export interface DueTogetherOptions {
  readonly monotonicMs: () => number
  readonly schedule: Schedule
  /** The time of these has come. */
  readonly onDue: (names: readonly string[]) => void
}

interface Waiting {
  readonly dueAtMs: number
  readonly timer: ReturnType<Schedule>
}

export class DueTogether implements Disposable {
  readonly #options: DueTogetherOptions
  readonly #waiting = new Map<string, Waiting>()

  constructor(options: DueTogetherOptions) {
    this.#options = options
  }

  has(name: string): boolean {
    return this.#waiting.has(name)
  }

  /** Have somebody's time come; at the time that was said first, where that was before. */
  add(name: string, afterMs: number): void {
    if (this.#waiting.has(name)) return
    const { monotonicMs, schedule } = this.#options
    this.#waiting.set(name, {
      dueAtMs: monotonicMs() + afterMs,
      timer: schedule(afterMs, () => this.#come(name)),
    })
  }

  #come(name: string): void {
    const untilMs = this.#options.monotonicMs() + MOMENT_MS
    const others = [...this.#waiting].filter(([other, { dueAtMs }]) => other !== name && dueAtMs <= untilMs)
    const names = [name, ...others.map(([other]) => other)]
    for (const each of names) {
      this.#waiting.get(each)?.timer.cancel()
      this.#waiting.delete(each)
    }
    this.#options.onDue(names)
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#waiting.values()) timer.cancel()
    this.#waiting.clear()
  }
}

/**
 * Another user, who does one thing again and again while somebody attacks.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'

/** The pause after each time, in milliseconds. */
const PAUSE_MS = 25

export class OtherUser {
  readonly #work: () => Promise<unknown>
  #last: Promise<unknown> = Promise.resolve()

  /** @param work - What they do, one time after the other. */
  constructor(work: () => Promise<unknown>) {
    this.#work = work
  }

  /** Do it once more, in turn. @returns how long it took, in milliseconds, and whether it failed. */
  try(): Promise<{ readonly tookMs: number; readonly isFailed: boolean }> {
    const tried = this.#last.then(async () => {
      const beganMs = performance.now()
      const isFailed = await this.#work().then(
        () => false,
        () => true,
      )
      return { tookMs: performance.now() - beganMs, isFailed }
    })
    this.#last = tried.then(() => setTimeout(PAUSE_MS))
    return tried
  }
}

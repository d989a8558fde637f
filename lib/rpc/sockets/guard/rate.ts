/**
 * Counts what may happen only so often in a second.
 *
 * @module
 */

const PERIOD_MS = 1_000

export class Rate {
  readonly #most: number
  #count = 0
  #endsAtMs = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Count once more. @returns whether that was too often. */
  isExceeded(): boolean {
    const nowMs = performance.now()
    if (nowMs >= this.#endsAtMs) {
      this.#count = 0
      this.#endsAtMs = nowMs + PERIOD_MS
    }
    this.#count += 1
    return this.#count > this.#most
  }
}

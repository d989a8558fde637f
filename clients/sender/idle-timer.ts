/**
 * A timer that ends what has not moved for too long.
 *
 * @module
 */

export class IdleTimer {
  readonly #onOver: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param onOver - Called when it has run out. */
  constructor(onOver: () => void) {
    this.#onOver = onOver
  }

  /** Stop waiting: there is no reason for it now. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Wait so many milliseconds from now on, or for what is left if it has begun. */
  start(ms: number): void {
    this.#timer ??= setTimeout(this.#onOver, ms)
  }
}

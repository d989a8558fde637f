/**
 * How long to wait while nothing moves.
 *
 * @module
 */

export class Patience {
  readonly #onOver: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param onOver - Called when it is at its end. */
  constructor(onOver: () => void) {
    this.#onOver = onOver
  }

  /** There is no reason for it now. */
  calm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Wait so many milliseconds from now on, or for what is left if it has begun. */
  start(ms: number): void {
    this.#timer ??= setTimeout(this.#onOver, ms)
  }

  /** Wait so many milliseconds from now on. */
  restart(ms: number): void {
    this.calm()
    this.start(ms)
  }
}

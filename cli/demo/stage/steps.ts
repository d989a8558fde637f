/**
 * Going through a demo step by step: each message waits until somebody says "next".
 *
 * @module
 */

/** A message that waits, by its name and whose it is. */
export interface Waiting {
  readonly message: string
  readonly from: string
  readonly to: string
}

interface Held {
  readonly waiting: Waiting
  readonly release: () => void
}

export class Steps {
  #isOn = false
  readonly #held = new Set<Held>()
  readonly #onChange: () => void

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get isOn(): boolean {
    return this.#isOn
  }

  /** Those that wait, the first of them first. */
  get waiting(): Waiting[] {
    return Array.from(this.#held, ({ waiting }) => waiting)
  }

  /** Have messages wait from now on; or none, those neither that wait already. */
  turn(isOn: boolean): void {
    this.#isOn = isOn
    if (!isOn) for (const { release } of this.#held) release()
    this.#onChange()
  }

  /** Let the first one pass. */
  next(): void {
    const [first] = this.#held
    first?.release()
  }

  /** Wait for one's turn; not once nobody waits for it any more. */
  async wait(waiting: Waiting, over?: AbortSignal): Promise<void> {
    if (!this.#isOn || over?.aborted) return
    const turn = Promise.withResolvers<void>()
    const held = { waiting, release: turn.resolve }
    this.#held.add(held)
    over?.addEventListener('abort', turn.resolve as () => void, { once: true })
    this.#onChange()
    await turn.promise
    this.#held.delete(held)
    this.#onChange()
  }
}

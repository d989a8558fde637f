/**
 * One caller's watch over some names: the state of each that was reported, and the state that is still to be reported.
 *
 * However much happens while the caller is slow, this is at most two states a name: of several changes only the last is
 * reported, and of one that was undone nothing.
 *
 * @module
 */

/** Whether somebody is online. */
export interface OnlineState {
  readonly username: string
  readonly online: boolean
}

export class Watch implements Disposable {
  readonly usernames: ReadonlySet<string>
  readonly #lastReported = new Map<string, boolean>()
  readonly #untold = new Map<string, boolean>()
  readonly #end: (watch: Watch) => void
  #wake: () => void = () => {}

  /** @param end - Called when the watch is disposed of. */
  constructor(usernames: Iterable<string>, end: (watch: Watch) => void) {
    this.usernames = new Set(usernames)
    this.#end = end
  }

  /** Take note of the present state of one of the names, changed or not. */
  note(username: string, online: boolean): void {
    if (this.#lastReported.get(username) === online) this.#untold.delete(username)
    else this.#untold.set(username, online)
    this.#wake()
  }

  /**
   * The states to report, as they come: first of every name, then of those that have changed. One reader at a time; the
   * next one continues where the last stopped.
   *
   * @param until - Ends it, without an error.
   */
  async *states(until: AbortSignal): AsyncGenerator<OnlineState[], void, void> {
    const onAbort = () => this.#wake()
    until.addEventListener('abort', onAbort, { once: true })
    try {
      while (!until.aborted) {
        if (this.#untold.size > 0) yield this.#take()
        else await this.#woken()
      }
    } finally {
      until.removeEventListener('abort', onAbort)
    }
  }

  [Symbol.dispose](): void {
    this.#end(this)
  }

  #take(): OnlineState[] {
    const states = Array.from(this.#untold, ([username, online]) => ({ username, online }))
    for (const { username, online } of states) this.#lastReported.set(username, online)
    this.#untold.clear()
    return states
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

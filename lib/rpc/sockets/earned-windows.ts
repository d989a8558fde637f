/**
 * Receive windows that callers earn by being let in: far ends need wide ones, and strangers could fill them.
 *
 * All who have earned one share the memory for them alike: each has the widest window until there are so many that it
 * would be too much, and half of it from then on, and so on. A window that is narrower than before takes effect as what is
 * under way comes in.
 *
 * @module
 */
import type { ServerHttp2Session } from 'node:http2'

export interface EarnedWindowLimits {
  /** What may be under way over one connection, in bytes. */
  readonly bytes: number
  /** What may be under way in one call, in bytes; as much as over its connection unless set. */
  readonly callBytes?: number
  /** What may be under way over all that have earned it, in bytes. */
  readonly totalBytes: number
}

export class EarnedWindows {
  readonly #limits: EarnedWindowLimits
  readonly #sessions = new Set<ServerHttp2Session>()
  /** The window of each, in bytes. */
  #bytes: number

  constructor(limits: EarnedWindowLimits) {
    this.#limits = limits
    this.#bytes = limits.bytes
  }

  /** Widen the window of a session and of its streams until it closes, at the cost of those that have a wide one. */
  widen(session: ServerHttp2Session): void {
    if (session.destroyed) return
    this.#sessions.add(session)
    session.once('close', () => {
      this.#sessions.delete(session)
      this.#share()
    })
    // Where the share is another now, it has been told with the others.
    if (!this.#share()) this.#apply(session)
  }

  /** Share the memory anew. Returns whether that changed the windows. */
  #share(): boolean {
    const { bytes, totalBytes } = this.#limits
    let share = bytes
    while (share * this.#sessions.size > totalBytes) share /= 2
    if (share === this.#bytes) return false
    this.#bytes = share
    for (const session of this.#sessions) this.#apply(session)
    return true
  }

  #apply(session: ServerHttp2Session): void {
    if (session.destroyed || session.closed) return
    session.setLocalWindowSize(this.#bytes)
    session.settings({ initialWindowSize: Math.min(this.#bytes, this.#limits.callBytes ?? this.#bytes) })
  }
}

/**
 * Receive windows that callers earn by being let in: far ends need wide ones, and strangers could fill them.
 *
 * @module
 */
import type { ServerHttp2Session } from 'node:http2'

export interface EarnedWindowLimits {
  /** What may be under way over one connection, in bytes. */
  readonly bytes: number
  /** What may be under way over all that have earned it, in bytes; who is let in beyond that keeps a stranger's window. */
  readonly totalBytes: number
}

export class EarnedWindows {
  readonly #limits: EarnedWindowLimits
  #usedBytes = 0

  constructor(limits: EarnedWindowLimits) {
    this.#limits = limits
  }

  /** Widen the window of a session and of its streams, if there is memory for it, until the session closes. */
  widen(session: ServerHttp2Session): void {
    const { bytes, totalBytes } = this.#limits
    if (this.#usedBytes + bytes > totalBytes || session.destroyed) return
    this.#usedBytes += bytes
    session.once('close', () => {
      this.#usedBytes -= bytes
    })
    session.setLocalWindowSize(bytes)
    session.settings({ initialWindowSize: bytes })
  }
}

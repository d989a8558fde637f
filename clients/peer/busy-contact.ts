/**
 * A contact whose machine has no room for another conversation now: it says when to come back, or closes the connections
 * for which there is no room even in line. Who wants to talk comes back then, for a while, and is told so once.
 *
 * @module
 */
import { isSottoError, type SottoError } from '#lib/errors.ts'

/** How long somebody who asks for a conversation is kept waiting for room, in milliseconds. */
export const BUSY_PATIENCE_MS = 60_000

export class BusyContact {
  readonly #nowMs: () => number
  readonly #onBusy: (error: SottoError) => void
  /** Since when there is no room; undefined while there is, for all that is known. */
  #sinceMs: number | undefined

  /**
   * @param nowMs - The time on the monotonic clock, in milliseconds.
   * @param onBusy - There is no room any more.
   */
  constructor(nowMs: () => number, onBusy: (error: SottoError) => void) {
    this.#nowMs = nowMs
    this.#onBusy = onBusy
  }

  /** Note why an attempt failed. @returns whether it is worth waiting for room. */
  isWorthWaiting(failure: unknown): boolean {
    if (!isFull(failure)) {
      this.#sinceMs = undefined
      return false
    }
    const nowMs = this.#nowMs()
    if (this.#sinceMs === undefined) this.#onBusy(failure)
    this.#sinceMs ??= nowMs
    return nowMs - this.#sinceMs < BUSY_PATIENCE_MS
  }

  /** Note that there is room. */
  hasRoom(): void {
    this.#sinceMs = undefined
  }
}

/** Whether an attempt failed because there was no room: of what is closed unread nobody says more than when to come back. */
export function isFull(failure: unknown): failure is SottoError {
  if (isSottoError(failure, 'ERR_BUSY')) return true
  return isSottoError(failure, 'ERR_PEER_UNREACHABLE') && failure.retryAfterMs !== undefined
}

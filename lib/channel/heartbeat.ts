/**
 * Signs of life (docs/protocol.md, section 6.6): when to give one, and when the other end has given none for too long.
 *
 * Each side sends signs by its own clock and answers none. A side that is slow to read (a full pipe, a busy disk) would
 * find a question only after everything that came before it, and be taken for gone; a sign that it sends by itself is
 * not held up. For the same reason, silence counts only while a side listens.
 *
 * All times are milliseconds on one clock that only goes forward.
 *
 * @module
 */
import type { ChannelTimes } from './channel-times.ts'

export class Heartbeat {
  readonly #times: Pick<ChannelTimes, 'pingAfterMs' | 'silenceLimitMs'>
  #sentAtMs: number
  /** The time since which nothing has come while this side listens; undefined while it does not listen. */
  #silentSinceMs: number | undefined
  #seenAtMs: number

  constructor(times: Pick<ChannelTimes, 'pingAfterMs' | 'silenceLimitMs'>, nowMs: number) {
    this.#times = times
    this.#sentAtMs = nowMs
    this.#seenAtMs = nowMs
  }

  /** A record was said. */
  sent(nowMs: number): void {
    this.#sentAtMs = nowMs
  }

  /** Note that this side waits for the next record. */
  listen(nowMs: number): void {
    this.#silentSinceMs ??= nowMs
  }

  /** A record came; until the next {@link listen} this side is busy with it. */
  received(): void {
    this.#silentSinceMs = undefined
  }

  /** Whether a sign of life is due. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#sentAtMs + this.#times.pingAfterMs
  }

  /**
   * Whether the other end has been silent for too long. Ask at {@link dueAtMs}: if nobody asked for much longer, this
   * process was stopped; that time does not count, as records may have come meanwhile and wait to be read.
   */
  isCut(nowMs: number): boolean {
    const { pingAfterMs, silenceLimitMs } = this.#times
    const overslept = nowMs - this.#seenAtMs > 2 * pingAfterMs
    this.#seenAtMs = nowMs
    if (this.#silentSinceMs === undefined) return false
    if (overslept) this.#silentSinceMs = nowMs
    return nowMs >= this.#silentSinceMs + silenceLimitMs
  }

  /** The latest time to look again. It moves on with every record sent and received. */
  dueAtMs(nowMs: number): number {
    const { pingAfterMs, silenceLimitMs } = this.#times
    const pingAtMs = this.#sentAtMs + pingAfterMs
    const cutAtMs = (this.#silentSinceMs ?? nowMs) + silenceLimitMs
    // A sign of life that is due and not yet said is held up by the link; there is no point in asking at once again.
    return Math.min(pingAtMs > nowMs ? pingAtMs : nowMs + pingAfterMs, cutAtMs)
  }
}

/**
 * The deadlines of a channel (docs/protocol.md, section 7.5): until its next renewal, and until the maximum session
 * duration of its last ticket is over. Both ends count by themselves.
 *
 * All times are milliseconds on one clock that only goes forward.
 *
 * @module
 */
import type { ChannelTimes } from './channel-times.ts'

export class RenewalDeadlines {
  readonly #times: ChannelTimes
  #renewedAtMs: number
  #ticketedAtMs: number
  #maxSessionDurationMs: number

  /** @param maxSessionDurationMs - Of the ticket that the channel began with. */
  constructor(times: ChannelTimes, maxSessionDurationMs: number, nowMs: number) {
    this.#times = times
    this.#renewedAtMs = nowMs
    this.#ticketedAtMs = nowMs
    this.#maxSessionDurationMs = maxSessionDurationMs
  }

  /** The time at which the next renewal is due: well before the maximum session duration is over, if that is short. */
  get renewAtMs(): number {
    return this.#renewedAtMs + Math.min(this.#times.renewEveryMs, this.#maxSessionDurationMs / 2)
  }

  /** The time at which the channel ends, unless it is renewed. */
  get endsAtMs(): number {
    return Math.min(this.#renewedAtMs + this.#times.renewWithinMs, this.#sessionEndsAtMs)
  }

  get #sessionEndsAtMs(): number {
    return this.#ticketedAtMs + this.#maxSessionDurationMs
  }

  /** Whether the maximum session duration is not over, so that a renewal needs no ticket. */
  coversTicketless(nowMs: number): boolean {
    return nowMs < this.#sessionEndsAtMs
  }

  /**
   * The channel was renewed.
   *
   * @param maxSessionDurationMs - Of the ticket, if there was one.
   */
  renewed(nowMs: number, maxSessionDurationMs: number | undefined): void {
    this.#renewedAtMs = nowMs
    if (maxSessionDurationMs === undefined) return
    this.#ticketedAtMs = nowMs
    this.#maxSessionDurationMs = maxSessionDurationMs
  }
}

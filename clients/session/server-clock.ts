/**
 * The server's clock, as far as a client knows it: its own and an offset.
 *
 * Tickets and grants carry times by Auth's clock, and people's machines are minutes off more often than one thinks. The
 * offset is applied to expiry alone; what is shown is this machine's time.
 *
 * It is learnt from Auth alone. A directory that were believed could set the clock back and have ended tickets accepted,
 * or step by step, within any limit for a single step. Its word says when to ask Auth, and nothing else.
 *
 * @module
 */
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Clocks } from '#lib/ticket/replay-cache.ts'

/** The difference that is worth a question, in milliseconds: within the other half of the skew, tickets are judged right. */
const DOUBT_MS = CLOCK_SKEW_MS / 2

export class ServerClock {
  readonly local: Clock
  #offsetMs: number

  /** @param offsetMs - As of the last login. */
  constructor(local: Clock, offsetMs: number) {
    this.local = local
    this.#offsetMs = offsetMs
  }

  /** Now by the server's clock, as Unix time in milliseconds. */
  nowMs(): number {
    return this.local.now().getTime() + this.#offsetMs
  }

  /** The time now on both clocks: the server's, and this machine's monotonic one. */
  clocks(): Clocks {
    return { nowMs: this.nowMs(), monotonicMs: this.local.monotonicMs() }
  }

  /** Whether somebody else's word about the server's time is reason to ask Auth, as after this machine's clock was set. */
  isDoubtedBy(serverTime: Date): boolean {
    return Math.abs(serverTime.getTime() - this.nowMs()) > DOUBT_MS
  }

  /**
   * Learn the offset anew.
   *
   * @param serverTime - What Auth's clock showed while the call was under way, by Auth itself.
   * @param sentAtMs - This machine's clock when it asked, Unix time in milliseconds.
   */
  learn(serverTime: Date, sentAtMs: number): void {
    this.#offsetMs = offsetOf(serverTime, sentAtMs, this.local.now().getTime())
  }
}

/** The offset of a server that showed its time halfway between a question and its answer. */
export function offsetOf(serverTime: Date, sentAtMs: number, receivedAtMs: number): number {
  return serverTime.getTime() - (sentAtMs + receivedAtMs) / 2
}

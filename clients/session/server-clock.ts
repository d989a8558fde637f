/**
 * The server's clock, as far as a client knows it: its own and an offset.
 *
 * Tickets and grants carry times by Auth's clock, and people's machines are minutes off more often than one thinks. The
 * offset is applied to expiry alone; what is shown is this machine's time.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'
import type { Clocks } from '#lib/ticket/replay-cache.ts'

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

  /**
   * Learn the offset anew.
   *
   * @param serverTime - What the server's clock showed while the call was under way.
   * @param sentAtMs - This machine's clock when it asked, Unix time in milliseconds; now, where nothing was asked for.
   */
  learn(serverTime: Date, sentAtMs: number = this.local.now().getTime()): void {
    this.#offsetMs = offsetOf(serverTime, sentAtMs, this.local.now().getTime())
  }
}

/** The offset of a server that showed its time halfway between a question and its answer. */
export function offsetOf(serverTime: Date, sentAtMs: number, receivedAtMs: number): number {
  return serverTime.getTime() - (sentAtMs + receivedAtMs) / 2
}

/**
 * Remembers which tickets were opened, so that each starts one conversation (docs/protocol.md, section 3.4).
 *
 * A ticket is forgotten only when it is too old to be accepted anyway. That is measured on the monotonic clock, which
 * nobody sets; and should the wall clock be set back after that, the cache still refuses whatever it may have
 * forgotten.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'

/** The most tickets that are remembered at once: about 15 MB, and 550 conversations started a second. */
const REPLAY_CACHE_CAPACITY = 100_000

/** Tickets are forgotten in lots: those that may go within the same so many milliseconds. */
const LOT_MS = 1_000

interface Lot {
  readonly ticketIds: string[]
  /** The latest expiry among them, Unix time in milliseconds. */
  expiresAtMs: number
}

/** The clocks at one moment. */
export interface Clocks {
  /** Now by the server's clock, as far as the client knows it: Unix time in milliseconds. */
  readonly nowMs: number
  /** A clock that only goes forward, in milliseconds since any moment. */
  readonly monotonicMs: number
}

export class ReplayCache {
  readonly #capacity: number
  readonly #seen = new Set<string>()
  /** The lots by the monotonic time, in units of {@link LOT_MS}, from which they may be forgotten. */
  readonly #lots = new Map<number, Lot>()
  // No ticket that expires later than this was ever forgotten. It never falls: should Auth's clock have been far ahead
  // for a while, tickets are refused until it gets there again, or the receiver starts anew.
  #forgottenUntilMs = Number.NEGATIVE_INFINITY

  /** @param capacity - The most tickets to remember. */
  constructor(capacity: number = REPLAY_CACHE_CAPACITY) {
    this.#capacity = capacity
  }

  /**
   * Mark a ticket as used.
   *
   * @param ticket - Its id, and its expiry by the server's clock; not over its time and 60 s of skew.
   * @throws SottoError
   *   - `ERR_TICKET_EXPIRED` if it is so old that it may have been used and forgotten,
   *   - `ERR_TICKET_REPLAYED` if it was used,
   *   - `ERR_TICKET_CACHE_FULL` if there is no room to remember it.
   */
  mark(ticket: { readonly ticketId: Uint8Array; readonly expiresAtMs: number }, clocks: Clocks): void {
    this.#forget(clocks.monotonicMs)
    if (ticket.expiresAtMs <= this.#forgottenUntilMs) {
      throw new SottoError('ERR_TICKET_EXPIRED', 'the ticket is older than the receiver can remember')
    }
    const id = Buffer.from(ticket.ticketId).toString('hex')
    if (this.#seen.has(id)) throw new SottoError('ERR_TICKET_REPLAYED', 'the ticket was used before')
    if (this.#seen.size >= this.#capacity) {
      throw new SottoError('ERR_TICKET_CACHE_FULL', 'too many tickets to remember')
    }
    // From here on the ticket lives so long, whatever becomes of the wall clock.
    const livesMs = ticket.expiresAtMs + CLOCK_SKEW_MS - clocks.nowMs
    this.#remember(id, ticket.expiresAtMs, clocks.monotonicMs + livesMs)
  }

  #remember(id: string, expiresAtMs: number, untilMs: number): void {
    this.#seen.add(id)
    // The end of the second that the time falls in, so that a lot goes when the last of it is over its time.
    const key = Math.floor(untilMs / LOT_MS) + 1
    const lot = this.#lots.get(key)
    if (lot) {
      lot.ticketIds.push(id)
      lot.expiresAtMs = Math.max(lot.expiresAtMs, expiresAtMs)
    } else {
      this.#lots.set(key, { ticketIds: [id], expiresAtMs })
    }
  }

  // A ticket lives 240 s at most (120 s, and the skew on either side), so there are never more lots to look at than that.
  #forget(monotonicMs: number): void {
    for (const [key, lot] of this.#lots) {
      if (key * LOT_MS > monotonicMs) continue
      for (const id of lot.ticketIds) this.#seen.delete(id)
      this.#lots.delete(key)
      this.#forgottenUntilMs = Math.max(this.#forgottenUntilMs, lot.expiresAtMs)
    }
  }
}

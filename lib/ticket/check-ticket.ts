/**
 * Checks whether an opened ticket is for this receiver, now, and for the first time (docs/protocol.md, section 3.4).
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import { SottoError } from '#lib/errors.ts'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import type { Clocks, ReplayCache } from './replay-cache.ts'
import type { Ticket } from './ticket.ts'

/** The receiver's own values, which a ticket must agree with. */
export interface TicketExpectation extends Clocks {
  /** The receiver's own identity key: X25519 public key, 32 bytes. */
  readonly identityKey: Uint8Array
  readonly ownName: string
  readonly replayCache: ReplayCache
}

/** The fields of a ticket, of a conversation or of a letter, that are checked. */
type CheckedFields = Pick<
  Ticket,
  'senderName' | 'senderIdentityKey' | 'receiverIdentityKey' | 'issuedAtMs' | 'expiresAtMs'
>

/**
 * Check the ticket of a conversation, in this order, and mark it as used. No Diffie-Hellman is spent on any of it.
 *
 * @throws SottoError
 *   - those of {@link checkTicketFields},
 *   - `ERR_TICKET_REPLAYED` if it was used,
 *   - `ERR_TICKET_CACHE_FULL` if there is no room to remember it.
 */
export function checkTicket(ticket: Ticket, expected: TicketExpectation): void {
  checkTicketFields(ticket, expected)
  expected.replayCache.mark(ticket, expected)
}

/**
 * Check all of a ticket but whether it was used before, in this order.
 *
 * @throws SottoError
 *   - `ERR_TICKET_RECEIVER` if it names another receiver's identity key,
 *   - `ERR_CHAT_WITH_SELF` if its sender is the receiver itself,
 *   - `ERR_TICKET_FUTURE` if it was issued more than 60 s from now,
 *   - `ERR_TICKET_EXPIRED` if it is over its time and 60 s of skew.
 */
export function checkTicketFields(
  ticket: CheckedFields,
  expected: Pick<TicketExpectation, 'identityKey' | 'ownName' | 'nowMs'>,
): void {
  if (!timingSafeEqual(ticket.receiverIdentityKey, expected.identityKey)) {
    throw new SottoError('ERR_TICKET_RECEIVER', 'the ticket is for another identity key')
  }
  if (ticket.senderName === expected.ownName || timingSafeEqual(ticket.senderIdentityKey, expected.identityKey)) {
    throw new SottoError('ERR_CHAT_WITH_SELF', 'the ticket is from the receiver itself')
  }
  // Each asks for what must be so, and not for its contrary: a clock that is not a number lets nothing in.
  if (!(ticket.issuedAtMs <= expected.nowMs + CLOCK_SKEW_MS)) {
    throw new SottoError('ERR_TICKET_FUTURE', 'the ticket was issued in the future', { hint: CLOCK_HINT })
  }
  if (!(expected.nowMs <= ticket.expiresAtMs + CLOCK_SKEW_MS)) {
    throw new SottoError('ERR_TICKET_EXPIRED', 'the ticket is over its time', { hint: CLOCK_HINT })
  }
}

const CLOCK_HINT = 'compare the clocks of this machine and the server'

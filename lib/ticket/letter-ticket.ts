/**
 * The ticket of a letter: what Auth tells the receiver about one letter, which carries it (docs/protocol.md, section
 * 13.1).
 *
 *     ticket = AES-256-GCM(ticket key, nonce, padded LetterTicketBody, associated data), 540 bytes
 *     associated data = "sotto letter ticket v1" || version (2) || realm (32) || receiver's name (2 + n)
 *
 * It differs from the ticket of a conversation in what the receiver need not be there for: it is bound to a session and
 * not to a start of the receiver, and it lives for days.
 *
 * @module
 */
import { LetterTicketBody } from '#gen/sotto/peer/v1/ticket.ts'
import { SottoError } from '#lib/errors.ts'
import { Secret } from '#lib/secret.ts'
import { decodeBody } from './body.ts'
import { boundTo, openBody, sealBody } from './sealed-body.ts'
import { isTicketWithin, type Ticket } from './ticket.ts'

/** How long a letter can be opened, in milliseconds from the issue of its ticket: 14 days; none is valid that claims longer. */
export const LETTER_LIFETIME_MS = 1_209_600_000

const LABEL = 'sotto letter ticket v1'

/** A letter's ticket, opened and checked: every field has the form that its contract states. */
export type LetterTicket = Omit<Ticket, 'maxSessionDurationMs' | 'senderAddress'>

/** The values of a letter's ticket that both ends know without it. */
export interface LetterTicketContext {
  /** The ticket key of the receiver's session, 32 bytes. */
  readonly key: Secret
  /** 32 bytes. */
  readonly realm: Uint8Array
  readonly receiverName: string
}

/**
 * Seal a letter's ticket for a receiver's session.
 *
 * @param options.nonce - 12 random bytes.
 * @returns 540 bytes.
 * @throws TypeError if a field of the body breaks its form: Auth writes them from its own records.
 */
export function sealLetterTicket({
  body,
  nonce,
  ...context
}: LetterTicketContext & { readonly nonce: Uint8Array; readonly body: LetterTicket }): Buffer {
  if (!isTicketWithin(LETTER_LIFETIME_MS, body)) throw new TypeError("a letter's ticket with a field out of its limits")
  const encoded = LetterTicketBody.encode({
    ticketId: Buffer.from(body.ticketId),
    issuedAt: new Date(body.issuedAtMs),
    expiresAt: new Date(body.expiresAtMs),
    senderName: body.senderName,
    senderIdentityKey: Buffer.from(body.senderIdentityKey),
    receiverIdentityKey: Buffer.from(body.receiverIdentityKey),
    secret: Buffer.from(body.secret.reveal()),
  }).finish()
  return sealBody(context.key, nonce, boundTo(LABEL, context.realm, context.receiverName), encoded)
}

/**
 * Open a letter's ticket. Whether it is meant for this receiver now is for `checkTicket` to say.
 *
 * @param options.ticket - Any bytes, as they came.
 * @throws SottoError `ERR_TICKET_FORGED` if it does not open under this key, realm and name, or if what is inside is not
 *   a well-formed ticket of a letter.
 */
export function openLetterTicket({
  ticket,
  ...context
}: LetterTicketContext & { readonly ticket: Uint8Array }): LetterTicket {
  const encoded = openBody(context.key, boundTo(LABEL, context.realm, context.receiverName), ticket)
  const body = encoded && decodeBody(LetterTicketBody, encoded)
  if (!body) throw forged()
  const opened: LetterTicket = {
    ticketId: body.ticketId,
    issuedAtMs: body.issuedAt?.getTime() ?? Number.NaN,
    expiresAtMs: body.expiresAt?.getTime() ?? Number.NaN,
    senderName: body.senderName,
    senderIdentityKey: body.senderIdentityKey,
    receiverIdentityKey: body.receiverIdentityKey,
    secret: Secret.of(body.secret),
  }
  if (!isTicketWithin(LETTER_LIFETIME_MS, opened)) throw forged()
  return opened
}

function forged(): SottoError {
  return new SottoError('ERR_TICKET_FORGED', "the letter's ticket does not open for this receiver")
}

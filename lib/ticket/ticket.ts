/**
 * The ticket: what Auth tells the receiver about one conversation, carried by a sender who cannot open it
 * (docs/protocol.md, section 3.2).
 *
 *     ticket = AES-256-GCM(ticket key, nonce, padded TicketBody, associated data), 540 bytes
 *     associated data = "sotto ticket v1" || version (2) || realm (32) || receiver's name (2 + n) || instance id (16)
 *
 * The receiver's name, its realm and its instance id are not inside: whoever opens a ticket must already know them, so
 * a ticket for another receiver, installation or start does not open at all.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { TicketBody } from '#gen/sotto/peer/v1/ticket.ts'
import { SottoError } from '#lib/errors.ts'
import { fixedLength, IDENTITY_KEY_BYTES, INSTANCE_ID_BYTES } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { USERNAME } from '#lib/validation.ts'
import { decodeBody, isSessionDuration, isTime, millisecondsOf, toDuration } from './body.ts'
import { boundTo, openBody, SEALED_BYTES, sealBody } from './sealed-body.ts'

/** Bytes of a sealed ticket. @public */
export const TICKET_BYTES = SEALED_BYTES

/** Bytes of a ticket's id. */
export const TICKET_ID_BYTES = 16

/** Bytes of the secret of a conversation, s. */
export const CHAT_SECRET_BYTES = 32

/** How long a ticket can start a conversation, in milliseconds from its issue; none is valid that claims longer. */
export const TICKET_LIFETIME_MS = 120_000

/**
 * An address as the directory saw it: an IP literal, an IPv6 zone included. Shown on a screen, so nothing passes that
 * could be more than an address.
 */
export const SENDER_ADDRESS = /^[0-9A-Za-z:.%_-]{0,45}$/

const LABEL = 'sotto ticket v1'

/** A ticket, opened and checked: every field has the form that its contract states. */
export interface Ticket {
  /** {@link TICKET_ID_BYTES} bytes. */
  readonly ticketId: Uint8Array
  /** Auth's clock when it sealed this, Unix time in milliseconds. */
  readonly issuedAtMs: number
  /** The time until which it can start a conversation: later than its issue, by {@link TICKET_LIFETIME_MS} at most. */
  readonly expiresAtMs: number
  /** How long the conversation may go on without a new ticket; positive. */
  readonly maxSessionDurationMs: number
  readonly senderName: string
  /** X25519, 32 bytes. */
  readonly senderIdentityKey: Uint8Array
  /** The directory's word, shown and never enforced; empty if it said none. */
  readonly senderAddress: string
  /** X25519, 32 bytes. */
  readonly receiverIdentityKey: Uint8Array
  /** s, {@link CHAT_SECRET_BYTES} bytes. */
  readonly secret: Secret
}

/** The values of a ticket that both ends know without it. */
export interface TicketContext {
  /** The receiver's ticket key, 32 bytes. */
  readonly key: Secret
  /** 32 bytes. */
  readonly realm: Uint8Array
  readonly receiverName: string
  /** 16 bytes: the receiver's, for this start of it. */
  readonly instanceId: Uint8Array
}

/**
 * Seal a ticket for a receiver's session.
 *
 * @param options.nonce - 12 random bytes.
 * @returns {@link TICKET_BYTES} bytes.
 * @throws TypeError if a field of the body breaks its form: Auth writes them from its own records.
 */
export function sealTicket({
  body,
  nonce,
  ...context
}: TicketContext & { readonly nonce: Uint8Array; readonly body: Ticket }): Buffer {
  if (!isWellFormed(body)) throw new TypeError('a ticket with a field out of its limits')
  const encoded = TicketBody.encode({
    ticketId: Buffer.from(body.ticketId),
    issuedAt: new Date(body.issuedAtMs),
    expiresAt: new Date(body.expiresAtMs),
    maxSessionDuration: toDuration(body.maxSessionDurationMs),
    senderName: body.senderName,
    senderIdentityKey: Buffer.from(body.senderIdentityKey),
    senderAddress: body.senderAddress,
    receiverIdentityKey: Buffer.from(body.receiverIdentityKey),
    secret: Buffer.from(body.secret.reveal()),
  }).finish()
  return sealBody(context.key, nonce, associatedData(context), encoded)
}

/**
 * Open a ticket. Whether it is meant for this receiver now is for `checkTicket` to say.
 *
 * @param options.ticket - Any bytes, as they came.
 * @throws SottoError `ERR_TICKET_FORGED` if it does not open under this key, realm, name and instance id, or if what is
 *   inside is not a well-formed ticket.
 */
export function openTicket({ ticket, ...context }: TicketContext & { readonly ticket: Uint8Array }): Ticket {
  const encoded = openBody(context.key, associatedData(context), ticket)
  const body = encoded && decodeBody(TicketBody, encoded)
  if (!body) throw forged()
  const opened: Ticket = {
    ticketId: body.ticketId,
    issuedAtMs: body.issuedAt?.getTime() ?? Number.NaN,
    expiresAtMs: body.expiresAt?.getTime() ?? Number.NaN,
    maxSessionDurationMs: millisecondsOf(body.maxSessionDuration),
    senderName: body.senderName,
    senderIdentityKey: body.senderIdentityKey,
    senderAddress: body.senderAddress,
    receiverIdentityKey: body.receiverIdentityKey,
    secret: Secret.of(body.secret),
  }
  if (!isWellFormed(opened)) throw forged()
  return opened
}

/** SHA-256 of a sealed ticket, 32 bytes: how a grant names it, and the salt of the pre-shared key. */
export function ticketHash(ticket: Uint8Array): Uint8Array {
  return hash('sha256', ticket, 'buffer')
}

function associatedData({ realm, receiverName, instanceId }: TicketContext): Uint8Array {
  return Buffer.concat([boundTo(LABEL, realm, receiverName), fixedLength(instanceId, INSTANCE_ID_BYTES, 'instance_id')])
}

function isWellFormed(ticket: Ticket): boolean {
  return (
    isTicketWithin(TICKET_LIFETIME_MS, ticket) &&
    isSessionDuration(ticket.maxSessionDurationMs) &&
    SENDER_ADDRESS.test(ticket.senderAddress)
  )
}

/** Whether the fields that every ticket has are of their form, and it claims to live no longer than so many milliseconds. */
export function isTicketWithin(
  longestMs: number,
  ticket: Omit<Ticket, 'maxSessionDurationMs' | 'senderAddress'>,
): boolean {
  const lifetimeMs = ticket.expiresAtMs - ticket.issuedAtMs
  return (
    ticket.ticketId.length === TICKET_ID_BYTES &&
    isTime(ticket.issuedAtMs) &&
    isTime(ticket.expiresAtMs) &&
    lifetimeMs > 0 &&
    lifetimeMs <= longestMs &&
    USERNAME.test(ticket.senderName) &&
    ticket.senderIdentityKey.length === IDENTITY_KEY_BYTES &&
    ticket.receiverIdentityKey.length === IDENTITY_KEY_BYTES &&
    ticket.secret.length === CHAT_SECRET_BYTES
  )
}

function forged(): SottoError {
  return new SottoError('ERR_TICKET_FORGED', 'the ticket does not open for this receiver')
}

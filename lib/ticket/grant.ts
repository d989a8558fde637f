/**
 * The grant: what Auth tells the sender about the conversation that it asked for (docs/protocol.md, section 3.3).
 *
 *     grant = AES-256-GCM(grant key, nonce, padded GrantBody, associated data), 540 bytes
 *     associated data = "sotto grant v1" || version (2) || realm (32) || sender's name (2 + n)
 *
 * The directory carries it and can neither open nor change it, so the sender learns from the grant alone whom it talks
 * to.
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import { GrantBody } from '#gen/sotto/peer/v1/ticket.ts'
import { SottoError } from '#lib/errors.ts'
import { CLOCK_SKEW_MS, fixedLength, IDENTITY_KEY_BYTES, INSTANCE_ID_BYTES } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { USERNAME } from '#lib/validation.ts'
import { decodeBody, isSessionDuration, isTime, millisecondsOf, toDuration } from './body.ts'
import { boundTo, openBody, SEALED_BYTES, sealBody } from './sealed-body.ts'
import { CHAT_SECRET_BYTES, ticketHash } from './ticket.ts'

/** Bytes of a sealed grant. */
export const GRANT_BYTES = SEALED_BYTES

/** Bytes of the nonce of a request, which its grant carries back. */
export const REQUEST_NONCE_BYTES = 16

/** Bytes of a session's id. */
export const SESSION_ID_BYTES = 16

/** Bytes of a ticket's hash. */
export const TICKET_HASH_BYTES = 32

const LABEL = 'sotto grant v1'

/** A grant, opened and checked: every field has the form that its contract states. */
export interface Grant {
  /** The request's, {@link REQUEST_NONCE_BYTES} bytes. */
  readonly nonce: Uint8Array
  /** SHA-256 of the sealed ticket, 32 bytes. */
  readonly ticketHash: Uint8Array
  readonly receiverName: string
  /** {@link SESSION_ID_BYTES} bytes. */
  readonly receiverSessionId: Uint8Array
  /** X25519, 32 bytes. */
  readonly receiverIdentityKey: Uint8Array
  /** 16 bytes. */
  readonly receiverInstanceId: Uint8Array
  /** The time until which the ticket can start a conversation, Unix time in milliseconds, by Auth's clock. */
  readonly expiresAtMs: number
  /** How long the conversation may go on without a new ticket; positive. */
  readonly maxSessionDurationMs: number
  /** s, 32 bytes. */
  readonly secret: Secret
}

/** The values of a grant that both ends know without it. */
export interface GrantContext {
  /** The sender's grant key, 32 bytes. */
  readonly key: Secret
  /** 32 bytes. */
  readonly realm: Uint8Array
  readonly senderName: string
}

/** The values that the sender asked with, and got beside the grant. */
export interface GrantExpectation {
  /** The nonce of the request, 16 bytes. */
  readonly nonce: Uint8Array
  /** The ticket that came with the grant, as it came. */
  readonly ticket: Uint8Array
  /** The name that was asked for. */
  readonly receiverName: string
  /** Now by the server's clock, as far as the client knows it: Unix time in milliseconds. */
  readonly nowMs: number
}

/**
 * Seal a grant for a sender's session.
 *
 * @param options.nonce - 12 random bytes, of this seal; the request's is in the body.
 * @returns {@link GRANT_BYTES} bytes.
 * @throws TypeError if a field of the body breaks its form: Auth writes them from its own records.
 */
export function sealGrant({
  body,
  nonce,
  ...context
}: GrantContext & { readonly nonce: Uint8Array; readonly body: Grant }): Buffer {
  if (!isWellFormed(body)) throw new TypeError('a grant with a field out of its limits')
  const encoded = GrantBody.encode({
    nonce: Buffer.from(body.nonce),
    ticketHash: Buffer.from(body.ticketHash),
    receiverName: body.receiverName,
    receiverSessionId: Buffer.from(body.receiverSessionId),
    receiverIdentityKey: Buffer.from(body.receiverIdentityKey),
    receiverInstanceId: Buffer.from(body.receiverInstanceId),
    expiresAt: new Date(body.expiresAtMs),
    maxSessionDuration: toDuration(body.maxSessionDurationMs),
    secret: Buffer.from(body.secret.reveal()),
  }).finish()
  return sealBody(context.key, nonce, boundTo(LABEL, context.realm, context.senderName), encoded)
}

/**
 * Open a grant. Whether it is for this request is for {@link checkGrant} to say.
 *
 * @param options.grant - Any bytes, as they came.
 * @throws SottoError `ERR_GRANT_FORGED` if it does not open under this key, realm and name, or if what is inside is not
 *   a well-formed grant.
 */
export function openGrant({ grant, ...context }: GrantContext & { readonly grant: Uint8Array }): Grant {
  const encoded = openBody(context.key, boundTo(LABEL, context.realm, context.senderName), grant)
  const body = encoded && decodeBody(GrantBody, encoded)
  if (!body) throw forged()
  const opened: Grant = {
    nonce: body.nonce,
    ticketHash: body.ticketHash,
    receiverName: body.receiverName,
    receiverSessionId: body.receiverSessionId,
    receiverIdentityKey: body.receiverIdentityKey,
    receiverInstanceId: body.receiverInstanceId,
    expiresAtMs: body.expiresAt?.getTime() ?? Number.NaN,
    maxSessionDurationMs: millisecondsOf(body.maxSessionDuration),
    secret: Secret.of(body.secret),
  }
  if (!isWellFormed(opened)) throw forged()
  return opened
}

/**
 * Check that a grant, of a conversation or of a letter, is for this request, in this order.
 *
 * @throws SottoError
 *   - `ERR_GRANT_NONCE` if it is for another request,
 *   - `ERR_GRANT_TICKET` if the ticket beside it is not the one that it names,
 *   - `ERR_GRANT_RECEIVER` if it names another receiver than was asked for,
 *   - `ERR_GRANT_EXPIRED` if its ticket is over its time and 60 s of skew.
 */
export function checkGrant(
  grant: Pick<Grant, 'nonce' | 'ticketHash' | 'receiverName' | 'expiresAtMs'>,
  expected: GrantExpectation,
): void {
  if (!timingSafeEqual(grant.nonce, fixedLength(expected.nonce, REQUEST_NONCE_BYTES, 'nonce'))) {
    throw new SottoError('ERR_GRANT_NONCE', 'the grant is for another request')
  }
  if (!timingSafeEqual(grant.ticketHash, ticketHash(expected.ticket))) {
    throw new SottoError('ERR_GRANT_TICKET', 'the grant belongs to another ticket')
  }
  if (grant.receiverName !== expected.receiverName) {
    throw new SottoError('ERR_GRANT_RECEIVER', 'the grant names another receiver than was asked for')
  }
  // Asked this way round, a clock that is not a number lets nothing in.
  if (!(expected.nowMs <= grant.expiresAtMs + CLOCK_SKEW_MS)) {
    throw new SottoError('ERR_GRANT_EXPIRED', 'the grant is out of date', {
      hint: 'compare the clocks of this machine and the server',
    })
  }
}

function isWellFormed(grant: Grant): boolean {
  return (
    isGrant(grant) &&
    grant.receiverInstanceId.length === INSTANCE_ID_BYTES &&
    isSessionDuration(grant.maxSessionDurationMs)
  )
}

/** Whether the fields that every grant has are of their form. */
export function isGrant(grant: Omit<Grant, 'receiverInstanceId' | 'maxSessionDurationMs'>): boolean {
  return (
    grant.nonce.length === REQUEST_NONCE_BYTES &&
    grant.ticketHash.length === TICKET_HASH_BYTES &&
    USERNAME.test(grant.receiverName) &&
    grant.receiverSessionId.length === SESSION_ID_BYTES &&
    grant.receiverIdentityKey.length === IDENTITY_KEY_BYTES &&
    isTime(grant.expiresAtMs) &&
    grant.secret.length === CHAT_SECRET_BYTES
  )
}

function forged(): SottoError {
  return new SottoError('ERR_GRANT_FORGED', 'the grant does not open for this session')
}

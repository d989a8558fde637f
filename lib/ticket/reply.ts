/**
 * The reply: what Auth tells the sender about the conversation that it asked for (docs/protocol.md, section 3.3).
 *
 *     reply = AES-256-GCM(reply key, nonce, padded ReplyBody, associated data), 540 bytes
 *     associated data = "sotto reply v1" || version (2) || realm (32) || sender's name (2 + n)
 *
 * The directory carries it and can neither open nor change it, so the sender takes whom it talks to from here and from
 * nowhere else.
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import { ReplyBody } from '#gen/sotto/peer/v1/ticket.ts'
import { SottoError } from '#lib/errors.ts'
import {
  CLOCK_SKEW_MS,
  fixedLength,
  IDENTITY_KEY_BYTES,
  INSTANCE_ID_BYTES,
  lengthPrefixed,
  PROTOCOL_VERSION,
  REALM_BYTES,
  uint16,
} from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { USERNAME } from '#lib/validation.ts'
import { decodeBody, isLongestSession, isTime, millisecondsOf, toDuration } from './body.ts'
import { openBody, SEALED_BYTES, sealBody } from './sealed-body.ts'
import { CHAT_SECRET_BYTES, ticketHash } from './ticket.ts'

/** Bytes of a sealed reply. */
export const REPLY_BYTES = SEALED_BYTES

/** Bytes of the nonce of a request, which its reply carries back. */
export const REQUEST_NONCE_BYTES = 16

/** Bytes of a session's id. */
export const SESSION_ID_BYTES = 16

/** Bytes of a ticket's hash. */
const TICKET_HASH_BYTES = 32

const LABEL = 'sotto reply v1'

/** A reply, opened and checked: every field has the form that its contract states. */
export interface Reply {
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
  /** Until when the ticket can start a conversation, Unix time in milliseconds, by Auth's clock. */
  readonly expiresAtMs: number
  /** How long the conversation may go on without a new ticket; positive. */
  readonly longestSessionMs: number
  /** s, 32 bytes. */
  readonly secret: Secret
}

/** What both ends of a reply know without it. */
export interface ReplyContext {
  /** The sender's reply key, 32 bytes. */
  readonly key: Secret
  /** 32 bytes. */
  readonly realm: Uint8Array
  readonly senderName: string
}

/** What the sender asked for, and got beside the reply. */
export interface ReplyExpectation {
  /** The nonce of the request, 16 bytes. */
  readonly nonce: Uint8Array
  /** The ticket that came with the reply, as it came. */
  readonly ticket: Uint8Array
  /** The name that was asked for. */
  readonly receiverName: string
  /** Now by the server's clock, as far as the client knows it: Unix time in milliseconds. */
  readonly nowMs: number
}

/**
 * Seal a reply for a sender's session.
 *
 * @param options.nonce - 12 random bytes, of this seal; the request's is in the body.
 * @returns {@link REPLY_BYTES} bytes.
 * @throws TypeError if a field of the body breaks its form: Auth writes them from its own records.
 */
export function sealReply({
  body,
  nonce,
  ...context
}: ReplyContext & { readonly nonce: Uint8Array; readonly body: Reply }): Uint8Array {
  if (!isWellFormed(body)) throw new TypeError('a reply with a field out of its limits')
  const encoded = ReplyBody.encode({
    nonce: Buffer.from(body.nonce),
    ticketHash: Buffer.from(body.ticketHash),
    receiverName: body.receiverName,
    receiverSessionId: Buffer.from(body.receiverSessionId),
    receiverIdentityKey: Buffer.from(body.receiverIdentityKey),
    receiverInstanceId: Buffer.from(body.receiverInstanceId),
    expiresAt: new Date(body.expiresAtMs),
    longestSession: toDuration(body.longestSessionMs),
    secret: Buffer.from(body.secret.reveal()),
  }).finish()
  return sealBody(context.key, nonce, associatedData(context), encoded)
}

/**
 * Open a reply. Whether it answers the request is for {@link checkReply} to say.
 *
 * @param options.reply - Any bytes, as they came.
 * @throws SottoError `ERR_REPLY_FORGED` if it does not open under this key, realm and name, or if what is inside is not
 *   a well-formed reply.
 */
export function openReply({ reply, ...context }: ReplyContext & { readonly reply: Uint8Array }): Reply {
  const encoded = openBody(context.key, associatedData(context), reply)
  const body = encoded && decodeBody(ReplyBody, encoded)
  if (!body) throw forged()
  const opened: Reply = {
    nonce: body.nonce,
    ticketHash: body.ticketHash,
    receiverName: body.receiverName,
    receiverSessionId: body.receiverSessionId,
    receiverIdentityKey: body.receiverIdentityKey,
    receiverInstanceId: body.receiverInstanceId,
    expiresAtMs: body.expiresAt?.getTime() ?? Number.NaN,
    longestSessionMs: millisecondsOf(body.longestSession),
    secret: Secret.of(body.secret),
  }
  if (!isWellFormed(opened)) throw forged()
  return opened
}

/**
 * Check that a reply answers this request, in this order.
 *
 * @throws SottoError
 *   - `ERR_REPLY_NONCE` if it answers another request,
 *   - `ERR_REPLY_TICKET` if the ticket beside it is not the one that it names,
 *   - `ERR_REPLY_RECEIVER` if it names another receiver than was asked for,
 *   - `ERR_REPLY_EXPIRED` if its ticket is over its time and 60 s of skew.
 */
export function checkReply(reply: Reply, expected: ReplyExpectation): void {
  if (!timingSafeEqual(reply.nonce, fixedLength(expected.nonce, REQUEST_NONCE_BYTES, 'nonce'))) {
    throw new SottoError('ERR_REPLY_NONCE', 'the reply answers another request')
  }
  if (!timingSafeEqual(reply.ticketHash, ticketHash(expected.ticket))) {
    throw new SottoError('ERR_REPLY_TICKET', 'the reply belongs to another ticket')
  }
  if (reply.receiverName !== expected.receiverName) {
    throw new SottoError('ERR_REPLY_RECEIVER', 'the reply names another receiver than was asked for')
  }
  if (expected.nowMs > reply.expiresAtMs + CLOCK_SKEW_MS) {
    throw new SottoError('ERR_REPLY_EXPIRED', 'the reply is out of date', {
      hint: 'compare the clocks of this machine and the server',
    })
  }
}

function associatedData({ realm, senderName }: ReplyContext): Uint8Array {
  return Buffer.concat([
    Buffer.from(LABEL, 'ascii'),
    uint16(PROTOCOL_VERSION),
    fixedLength(realm, REALM_BYTES, 'realm'),
    ...lengthPrefixed(senderName),
  ])
}

function isWellFormed(reply: Reply): boolean {
  return (
    reply.nonce.length === REQUEST_NONCE_BYTES &&
    reply.ticketHash.length === TICKET_HASH_BYTES &&
    USERNAME.test(reply.receiverName) &&
    reply.receiverSessionId.length === SESSION_ID_BYTES &&
    reply.receiverIdentityKey.length === IDENTITY_KEY_BYTES &&
    reply.receiverInstanceId.length === INSTANCE_ID_BYTES &&
    isTime(reply.expiresAtMs) &&
    isLongestSession(reply.longestSessionMs) &&
    reply.secret.length === CHAT_SECRET_BYTES
  )
}

function forged(): SottoError {
  return new SottoError('ERR_REPLY_FORGED', 'the reply does not open for this session')
}

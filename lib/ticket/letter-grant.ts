/**
 * The grant of a letter: what Auth tells the sender about the letter that it is to write (docs/protocol.md, section
 * 13.2).
 *
 *     grant = AES-256-GCM(grant key, nonce, padded LetterGrantBody, associated data), 540 bytes
 *     associated data = "sotto letter grant v1" || version (2) || realm (32) || sender's name (2 + n)
 *
 * @module
 */
import { LetterGrantBody } from '#gen/sotto/peer/v1/ticket.ts'
import { SottoError } from '#lib/errors.ts'
import { Secret } from '#lib/secret.ts'
import { decodeBody } from './body.ts'
import { type Grant, type GrantContext, isGrant } from './grant.ts'
import { boundTo, openBody, sealBody } from './sealed-body.ts'

const LABEL = 'sotto letter grant v1'

/** A letter's grant, opened: every field has the form that its contract states. `checkGrant` says whether it is the one. */
export type LetterGrant = Omit<Grant, 'receiverInstanceId' | 'maxSessionDurationMs'>

/**
 * Seal a letter's grant for a sender's session.
 *
 * @param options.nonce - 12 random bytes, of this seal; the request's is in the body.
 * @returns 540 bytes.
 * @throws TypeError if a field of the body breaks its form: Auth writes them from its own records.
 */
export function sealLetterGrant({
  body,
  nonce,
  ...context
}: GrantContext & { readonly nonce: Uint8Array; readonly body: LetterGrant }): Buffer {
  if (!isGrant(body)) throw new TypeError("a letter's grant with a field out of its limits")
  const encoded = LetterGrantBody.encode({
    nonce: Buffer.from(body.nonce),
    ticketHash: Buffer.from(body.ticketHash),
    receiverName: body.receiverName,
    receiverSessionId: Buffer.from(body.receiverSessionId),
    receiverIdentityKey: Buffer.from(body.receiverIdentityKey),
    expiresAt: new Date(body.expiresAtMs),
    secret: Buffer.from(body.secret.reveal()),
  }).finish()
  return sealBody(context.key, nonce, boundTo(LABEL, context.realm, context.senderName), encoded)
}

/**
 * Open a letter's grant. Whether it is for this request is for `checkGrant` to say.
 *
 * @param options.grant - Any bytes, as they came.
 * @throws SottoError `ERR_GRANT_FORGED` if it does not open under this key, realm and name, or if what is inside is not
 *   a well-formed grant of a letter.
 */
export function openLetterGrant({ grant, ...context }: GrantContext & { readonly grant: Uint8Array }): LetterGrant {
  const encoded = openBody(context.key, boundTo(LABEL, context.realm, context.senderName), grant)
  const body = encoded && decodeBody(LetterGrantBody, encoded)
  if (!body) throw forged()
  const opened: LetterGrant = {
    nonce: body.nonce,
    ticketHash: body.ticketHash,
    receiverName: body.receiverName,
    receiverSessionId: body.receiverSessionId,
    receiverIdentityKey: body.receiverIdentityKey,
    expiresAtMs: body.expiresAt?.getTime() ?? Number.NaN,
    secret: Secret.of(body.secret),
  }
  if (!isGrant(opened)) throw forged()
  return opened
}

function forged(): SottoError {
  return new SottoError('ERR_GRANT_FORGED', "the letter's grant does not open for this session")
}

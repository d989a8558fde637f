/**
 * Mints the secret of a letter and seals it for its two ends, as seal-chat.ts does for a conversation.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { NONCE_BYTES } from '#lib/aead.ts'
import { Secret } from '#lib/secret.ts'
import { sealLetterGrant } from '#lib/ticket/letter-grant.ts'
import { LETTER_LIFETIME_MS, sealLetterTicket } from '#lib/ticket/letter-ticket.ts'
import { CHAT_SECRET_BYTES, TICKET_ID_BYTES, ticketHash } from '#lib/ticket/ticket.ts'
import type { SealingOptions } from './seal-chat.ts'

/** Seal one letter's ticket and grant, 540 bytes each. Each call is another secret. */
export function sealLetter(options: Pick<SealingOptions, 'realm' | 'receiver' | 'sender' | 'nonce' | 'nowMs'>): {
  readonly ticket: Buffer
  readonly grant: Buffer
} {
  const { realm, receiver, sender, nonce, nowMs } = options
  const secret = Secret.of(randomBytes(CHAT_SECRET_BYTES))
  const expiresAtMs = nowMs + LETTER_LIFETIME_MS
  const receiverIdentityKey = receiver.session.identityKey
  const ticket = sealLetterTicket({
    key: receiver.key,
    realm,
    receiverName: receiver.session.name,
    nonce: randomBytes(NONCE_BYTES),
    body: {
      ticketId: randomBytes(TICKET_ID_BYTES),
      issuedAtMs: nowMs,
      expiresAtMs,
      senderName: sender.session.name,
      senderIdentityKey: sender.session.identityKey,
      receiverIdentityKey,
      secret,
    },
  })
  const grant = sealLetterGrant({
    key: sender.key,
    realm,
    senderName: sender.session.name,
    nonce: randomBytes(NONCE_BYTES),
    body: {
      nonce,
      ticketHash: ticketHash(ticket),
      receiverName: receiver.session.name,
      receiverSessionId: receiver.session.id,
      receiverIdentityKey,
      expiresAtMs,
      secret,
    },
  })
  return { ticket, grant }
}

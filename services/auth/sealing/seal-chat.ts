/**
 * Mints the secret of a conversation and seals it for the two who are to share it.
 *
 * The two sessions alone decide whom the secret is for. It exists here for the length of one call: it leaves only
 * sealed under keys that the two clients have.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { NONCE_BYTES } from '#lib/aead.ts'
import { Secret } from '#lib/secret.ts'
import { sealGrant } from '#lib/ticket/grant.ts'
import { CHAT_SECRET_BYTES, sealTicket, TICKET_ID_BYTES, TICKET_LIFETIME_MS, ticketHash } from '#lib/ticket/ticket.ts'
import type { Session } from '../sessions/session-rows.ts'

/** How long a conversation may go on without a new ticket, in milliseconds, unless the host says otherwise: 12 h. */
export const DEFAULT_MAX_SESSION_DURATION_MS = 12 * 3_600_000

/** One end of a conversation: its session, and the key to seal for it, 32 bytes. */
interface SealingEnd {
  readonly session: Session
  readonly key: Secret
}

export interface SealingOptions {
  /** 32 bytes. */
  readonly realm: Uint8Array
  /** Its ticket key is used. */
  readonly receiver: SealingEnd
  /** Its grant key is used. */
  readonly sender: SealingEnd
  /** The instance id from the receiver's announcement, 16 bytes. */
  readonly instanceId: Uint8Array
  /** The nonce from the sender's request, 16 bytes. */
  readonly nonce: Uint8Array
  /** The sender's address as the directory reports it; may be empty. */
  readonly senderAddress: string
  /** Now, in milliseconds since 1970. */
  readonly nowMs: number
  readonly maxSessionDurationMs: number
}

/** The sealed ticket and grant, which the directory passes on. */
interface SealedChat {
  /** The ticket, for the receiver, 540 bytes. */
  readonly ticket: Buffer
  /** The grant, for the sender, 540 bytes. */
  readonly grant: Buffer
}

/** Seal one conversation. Each call is another secret. */
export function sealChat(options: SealingOptions): SealedChat {
  const { realm, receiver, sender, instanceId, nonce, nowMs, maxSessionDurationMs } = options
  // Drawn together: a draw costs more than its bytes.
  let random = randomBytes(CHAT_SECRET_BYTES + TICKET_ID_BYTES + 2 * NONCE_BYTES)
  const draw = (bytes: number) => {
    const drawn = random.subarray(0, bytes)
    random = random.subarray(bytes)
    return drawn
  }
  const secret = Secret.of(draw(CHAT_SECRET_BYTES))
  const expiresAtMs = nowMs + TICKET_LIFETIME_MS
  const ticket = sealTicket({
    key: receiver.key,
    realm,
    receiverName: receiver.session.name,
    instanceId,
    nonce: draw(NONCE_BYTES),
    body: {
      ticketId: draw(TICKET_ID_BYTES),
      issuedAtMs: nowMs,
      expiresAtMs,
      maxSessionDurationMs,
      senderName: sender.session.name,
      senderIdentityKey: sender.session.identityKey,
      senderAddress: options.senderAddress,
      receiverIdentityKey: receiver.session.identityKey,
      secret,
    },
  })
  const grant = sealGrant({
    key: sender.key,
    realm,
    senderName: sender.session.name,
    nonce: draw(NONCE_BYTES),
    body: {
      nonce,
      ticketHash: ticketHash(ticket),
      receiverName: receiver.session.name,
      receiverSessionId: receiver.session.id,
      receiverIdentityKey: receiver.session.identityKey,
      receiverInstanceId: instanceId,
      expiresAtMs,
      maxSessionDurationMs,
      secret,
    },
  })
  return { ticket, grant }
}

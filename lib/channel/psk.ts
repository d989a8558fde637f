/**
 * The pre-shared key of the handshake: the brokered secret and the ML-KEM secret in one (docs/protocol.md, section 4.3).
 *
 *     psk = HKDF-SHA256(salt = SHA-256(ticket), ikm = s || ML-KEM shared secret, info, 32 bytes)
 *
 *     info
 *     offset  size   field
 *     0       12     label      "sotto psk v1"
 *     12      2      suite      unsigned, big-endian
 *     14      2 + n  sender's name
 *             2 + n  receiver's name
 *             32     sender's identity key
 *             32     receiver's identity key
 *             32     SHA-256(ek || ct)
 *
 * Whoever lacks either secret lacks the key, and neither can be moved to another ticket, pair of people or exchange.
 *
 * @module
 */
import { hkdfSync } from 'node:crypto'
import { hash, KEY_BYTES } from '#lib/noise/primitives.ts'
import { fixedLength, IDENTITY_KEY_BYTES, lengthPrefixed, SUITE, uint16 } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { ticketHash } from '#lib/ticket/ticket.ts'

const LABEL = 'sotto psk v1'

export interface PskFields {
  /** s, 32 bytes. */
  readonly secret: Secret
  /** 32 bytes. */
  readonly kemShared: Secret
  /** The sealed ticket. */
  readonly ticket: Uint8Array
  readonly senderName: string
  readonly receiverName: string
  /** 32 bytes. */
  readonly senderIdentityKey: Uint8Array
  /** 32 bytes. */
  readonly receiverIdentityKey: Uint8Array
  /** ek. */
  readonly encapsulationKey: Uint8Array
  /** ct. */
  readonly kemCiphertext: Uint8Array
}

/** The key, 32 bytes. */
export function derivePsk(fields: PskFields): Secret {
  const ikm = Buffer.concat([fields.secret.reveal(), fields.kemShared.reveal()])
  const info = Buffer.concat([
    Buffer.from(LABEL, 'ascii'),
    uint16(SUITE),
    ...lengthPrefixed(fields.senderName),
    ...lengthPrefixed(fields.receiverName),
    fixedLength(fields.senderIdentityKey, IDENTITY_KEY_BYTES, "sender's identity key"),
    fixedLength(fields.receiverIdentityKey, IDENTITY_KEY_BYTES, "receiver's identity key"),
    hash(fields.encapsulationKey, fields.kemCiphertext),
  ])
  return Secret.of(new Uint8Array(hkdfSync('sha256', ikm, ticketHash(fields.ticket), info, KEY_BYTES)))
}

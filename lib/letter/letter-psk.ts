/**
 * The pre-shared key of a letter: the secret of its ticket, and what the prekey's two keys give, in one
 * (docs/protocol.md, section 13.5).
 *
 *     psk = HKDF-SHA256(salt = SHA-256(ticket), ikm = s || DH(ephemeral key, prekey) || ML-KEM shared secret, info, 32 bytes)
 *
 *     info
 *     size   field
 *     19     "sotto letter psk v1"
 *     2      suite      unsigned, big-endian
 *     2 + n  sender's name
 *     2 + n  receiver's name
 *     32     sender's identity key
 *     32     receiver's identity key
 *     16     prekey id
 *     32     SHA-256(prekey's X25519 key || ek || ct)
 *
 * @module
 */
import { hkdfSync } from 'node:crypto'
import type { Credentials, KemExchange, Pair } from '#lib/channel/psk.ts'
import { DH_BYTES, hash, KEY_BYTES } from '#lib/noise/primitives.ts'
import { fixedLength, IDENTITY_KEY_BYTES, lengthPrefixed, SUITE, uint16 } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { ticketHash } from '#lib/ticket/ticket.ts'
import { PREKEY_ID_BYTES } from './prekey.ts'

const LABEL = 'sotto letter psk v1'

/** The prekey of a letter, and what a Diffie-Hellman with it gave. */
export interface PrekeyExchange {
  readonly prekeyId: Uint8Array
  /** The prekey's X25519 public key, 32 bytes. */
  readonly prekeyPublicKey: Uint8Array
  /** 32 bytes, not all zeros. */
  readonly dhShared: Uint8Array
}

/** The key of a letter, 32 bytes. */
export function deriveLetterPsk(fields: Credentials & Pair & KemExchange & PrekeyExchange): Secret {
  const ikm = Buffer.concat([
    fields.secret.reveal(),
    fixedLength(fields.dhShared, DH_BYTES, 'Diffie-Hellman result'),
    fields.kemShared.reveal(),
  ])
  const info = Buffer.concat([
    Buffer.from(LABEL, 'ascii'),
    uint16(SUITE),
    ...lengthPrefixed(fields.senderName),
    ...lengthPrefixed(fields.receiverName),
    fixedLength(fields.senderIdentityKey, IDENTITY_KEY_BYTES, "sender's identity key"),
    fixedLength(fields.receiverIdentityKey, IDENTITY_KEY_BYTES, "receiver's identity key"),
    fixedLength(fields.prekeyId, PREKEY_ID_BYTES, 'prekey id'),
    hash(fields.prekeyPublicKey, fields.encapsulationKey, fields.kemCiphertext),
  ])
  return Secret.of(new Uint8Array(hkdfSync('sha256', ikm, ticketHash(fields.ticket), info, KEY_BYTES)))
}

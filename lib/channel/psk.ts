/**
 * The pre-shared key of a handshake: a secret of both ends and the ML-KEM secret in one (docs/protocol.md, sections 4.3
 * and 7.3).
 *
 *     psk = HKDF-SHA256(salt, ikm = secret || ML-KEM shared secret, info, 32 bytes)
 *
 *                                  salt             secret          label
 *     handshake                    SHA-256(ticket)  s               "sotto psk v1"
 *     renewal with a ticket        SHA-256(ticket)  s               "sotto renewal psk v1"
 *     renewal without              none             export secret   "sotto ticketless renewal psk v1"
 *
 *     info
 *     size   field
 *     l      label
 *     2      suite      unsigned, big-endian
 *     2 + n  sender's name
 *     2 + n  receiver's name
 *     32     sender's identity key
 *     32     receiver's identity key
 *     32     SHA-256(ek || ct)
 *     32     handshake hash of the channel that is renewed; not in a handshake
 *
 * Whoever lacks either secret lacks the key, and neither can be moved to another ticket, pair of people, exchange or
 * channel. The info has to say all that, for the keys that Split() makes depend on the psk and not on the prologue.
 *
 * @module
 */
import { hkdfSync } from 'node:crypto'
import { EMPTY, HASH_BYTES, hash, KEY_BYTES } from '#lib/noise/primitives.ts'
import { fixedLength, IDENTITY_KEY_BYTES, lengthPrefixed, SUITE, uint16 } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { ticketHash } from '#lib/ticket/ticket.ts'
import type { Channel } from './channel.ts'

const LABEL = 'sotto psk v1'
const RENEWAL_LABEL = 'sotto renewal psk v1'
const TICKETLESS_LABEL = 'sotto ticketless renewal psk v1'

/** The credentials from Auth for one handshake: the ticket for the receiver, and the secret in it for both ends. */
export interface Credentials {
  /** Sealed, as it came. */
  readonly ticket: Uint8Array
  /** s, 32 bytes. */
  readonly secret: Secret
}

/** The two ends, by what Auth says of them. */
export interface Pair {
  readonly senderName: string
  readonly receiverName: string
  /** 32 bytes. */
  readonly senderIdentityKey: Uint8Array
  /** 32 bytes. */
  readonly receiverIdentityKey: Uint8Array
}

/** The ML-KEM values that both ends have. */
export interface KemExchange {
  /** 32 bytes. */
  readonly kemShared: Secret
  /** ek. */
  readonly encapsulationKey: Uint8Array
  /** ct. */
  readonly kemCiphertext: Uint8Array
}

/** The part of a channel that its successor is bound to. */
export type OldChannel = Pick<Channel, 'handshakeHash' | 'exportSecret'>

/** The key of a handshake, 32 bytes. */
export function derivePsk(fields: Credentials & Pair & KemExchange): Secret {
  return derive(LABEL, fields, { salt: ticketHash(fields.ticket), secret: fields.secret, old: EMPTY })
}

/**
 * The key of a renewal, 32 bytes.
 *
 * @param fields.credentials - Undefined in a renewal without a ticket.
 */
export function deriveRenewalPsk(
  fields: Pair & KemExchange & { readonly old: OldChannel; readonly credentials: Credentials | undefined },
): Secret {
  const old = fixedLength(fields.old.handshakeHash, HASH_BYTES, 'handshake hash')
  const { credentials } = fields
  return credentials === undefined
    ? derive(TICKETLESS_LABEL, fields, { salt: EMPTY, secret: fields.old.exportSecret, old })
    : derive(RENEWAL_LABEL, fields, { salt: ticketHash(credentials.ticket), secret: credentials.secret, old })
}

function derive(
  label: string,
  fields: Pair & KemExchange,
  { salt, secret, old }: { readonly salt: Uint8Array; readonly secret: Secret; readonly old: Uint8Array },
): Secret {
  const ikm = Buffer.concat([secret.reveal(), fields.kemShared.reveal()])
  const info = Buffer.concat([
    Buffer.from(label, 'ascii'),
    uint16(SUITE),
    ...lengthPrefixed(fields.senderName),
    ...lengthPrefixed(fields.receiverName),
    fixedLength(fields.senderIdentityKey, IDENTITY_KEY_BYTES, "sender's identity key"),
    fixedLength(fields.receiverIdentityKey, IDENTITY_KEY_BYTES, "receiver's identity key"),
    hash(fields.encapsulationKey, fields.kemCiphertext),
    old,
  ])
  return Secret.of(new Uint8Array(hkdfSync('sha256', ikm, salt, info, KEY_BYTES)))
}

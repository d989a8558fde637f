/**
 * The numbers of version 1 of the protocol that its ends share, and how fields are laid out in what is hashed or
 * authenticated. Byte for byte: docs/protocol.md, section 1; of presence, section 10.
 *
 * @module
 */

/** The way that a conversation goes: from machine to machine, or through a relay of the host. */
export type Route = 'direct' | 'relay'

/** The protocol version. It stands in every Hello and is authenticated with every ticket and grant. */
export const PROTOCOL_VERSION = 1

/** The cipher suite of version 1, and its only one: Noise_IKpsk2_25519_AESGCM_SHA256 with ML-KEM-768. */
export const SUITE = 1

/** Bytes of a realm: SHA-256 of the public key of the installation's certificate authority. */
export const REALM_BYTES = 32

/** Bytes of an instance id, which a receiver draws at each start. */
export const INSTANCE_ID_BYTES = 16

/** Bytes of the id of an attendance at a relay, and of a call there. */
export const ATTENDANCE_ID_BYTES = 16

/** The longest address of a relay, in characters: a name of the Domain Name System, brackets, a colon and a port. */
export const MAX_RELAY_ADDRESS_CHARACTERS = 262

/** Bytes of an X25519 public key (RFC 7748, section 5). */
export const IDENTITY_KEY_BYTES = 32

/** How far two clocks may differ, in milliseconds, once the offset from the server's clock is taken off. */
export const CLOCK_SKEW_MS = 60_000

/**
 * How often an open announcement or watch is answered though nothing has happened, in milliseconds. A dead link is noticed
 * sooner, by the pings of HTTP/2, and an ended session at once: what is left is to look at the session now and then.
 */
export const HEARTBEAT_MS = 60_000

/** How many names one watch may have: more people than one keeps up with, and 8.5 KiB. */
export const MAX_WATCHED_NAMES = 256

/**
 * How many watches an account may have open: one for each of its programs that run, and some whose link is dead and has
 * not been noticed yet.
 */
export const MAX_WATCHES_PER_ACCOUNT = 16

/** How many people one page of a roster may have: 64 KiB at most. */
export const MAX_LISTED_USERS = 200

/** How many letters a call of the directory or of a mailbox is about at most: 40 KiB of answer, where it is prekeys. */
export const MAX_LETTERS_TOGETHER = 32

/** The largest request by which letters are posted, in bytes: as large as one letter makes it. */
export const MAX_POST_BYTES = 65_536

/** How many conversations Auth seals in one call at most: 6.5 KiB of request, 35 KiB of answer. */
export const MAX_SEALED_TOGETHER = 32

/**
 * A number in 2 bytes, big-endian.
 *
 * @throws TypeError if it is not a whole number from 0 to 65,535.
 */
export function uint16(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw new TypeError('not an unsigned 16-bit number')
  return Uint8Array.of(value >> 8, value & 0xff)
}

/**
 * A field of variable length: its length in 2 bytes, big-endian, then its bytes. With the length in front, no two lists
 * of fields give the same bytes.
 *
 * @param field - At most 65,535 bytes; a text is taken as UTF-8.
 * @returns The parts, to spread into a concatenation; the field itself is not copied.
 */
export function lengthPrefixed(field: Uint8Array | string): readonly [length: Uint8Array, bytes: Uint8Array] {
  const bytes = typeof field === 'string' ? Buffer.from(field, 'utf8') : field
  return [uint16(bytes.length), bytes]
}

/**
 * A field of fixed length, checked.
 *
 * @param name - What the field is, for the message.
 * @throws TypeError if the length differs: these come from our own code.
 */
export function fixedLength(bytes: Uint8Array, length: number, name: string): Uint8Array {
  if (bytes.length !== length) throw new TypeError(`${name} must be ${length} bytes, not ${bytes.length}`)
  return bytes
}

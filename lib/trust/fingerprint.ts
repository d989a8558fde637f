/**
 * The fingerprint of an identity: what realm, name and identity key come down to for two people who compare.
 *
 *     d(0) = "sotto safety number v1" || realm || uint16(length of name) || name || identity key
 *     d(i) = SHA-512(d(i - 1) || identity key), for i from 1 to 5,200
 *     fingerprint = d(5200), 64 bytes
 *     digits = for each of its first six groups of 5 bytes, the big-endian number modulo 100,000, in five digits
 *
 * Byte for byte: docs/protocol.md, section "Safety numbers".
 *
 * @module
 */
import { hash } from 'node:crypto'
import { fixedLength, IDENTITY_KEY_BYTES, lengthPrefixed, REALM_BYTES } from '#lib/protocol.ts'

/** Bytes of a fingerprint: a SHA-512 digest. */
export const FINGERPRINT_BYTES = 64

/** Decimal digits of a fingerprint as people read it, of which each group of five carries 16.6 bits: 99.6 in all. */
export const FINGERPRINT_DIGITS = 30

/**
 * How often SHA-512 is applied. Signal's number: it makes each guess at a key with the same digits cost 5,200 times as
 * much, which adds 12 bits to the 99.6 of the digits, and costs whoever compares some 10 ms.
 */
const ITERATIONS = 5_200

/** Bytes that make one group of digits: 40 bits, so that no five digits are noticeably likelier than others. */
const GROUP_BYTES = 5

/** A group of five digits is a number below this. */
const GROUP_VALUES = 100_000

const LABEL = Buffer.from('sotto safety number v1')

/** A person, as far as a conversation depends on who they are. */
export interface Identity {
  /** {@link REALM_BYTES} bytes. */
  readonly realm: Uint8Array
  readonly name: string
  /** {@link IDENTITY_KEY_BYTES} bytes. */
  readonly identityKey: Uint8Array
}

export interface Fingerprint {
  /** {@link FINGERPRINT_BYTES} bytes. */
  readonly bytes: Uint8Array
  /** {@link FINGERPRINT_DIGITS} decimal digits, without spaces. */
  readonly digits: string
}

/**
 * The fingerprint of an identity.
 *
 * @throws TypeError if realm or key have another length.
 */
export function fingerprintOf({ realm, name, identityKey }: Identity): Fingerprint {
  const key = fixedLength(identityKey, IDENTITY_KEY_BYTES, 'identity key')
  const realmName = [fixedLength(realm, REALM_BYTES, 'realm'), ...lengthPrefixed(name)]
  let digest = sha512(Buffer.concat([LABEL, ...realmName, key, key]))
  // One block for all rounds: a new one for each would take half as long again.
  const block = Buffer.concat([digest, key])
  for (let iteration = 1; iteration < ITERATIONS; iteration += 1) {
    block.set(digest)
    digest = sha512(block)
  }
  return { bytes: digest, digits: digitsOf(digest) }
}

const sha512 = (bytes: Uint8Array): Buffer => hash('sha512', bytes, 'buffer')

function digitsOf(digest: Buffer): string {
  const groups = Array.from({ length: FINGERPRINT_DIGITS / 5 }, (_, index) =>
    digest.readUIntBE(index * GROUP_BYTES, GROUP_BYTES),
  )
  return groups.map((group) => String(group % GROUP_VALUES).padStart(5, '0')).join('')
}

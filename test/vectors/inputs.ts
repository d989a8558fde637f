/**
 * What the vectors are made of: bytes that look random, and are told by their names, so that nobody need wonder where
 * they come from.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { publicKeyOf, sha256 } from './reference.ts'

/** As many bytes as asked for: SHAKE256("sotto vectors: " and the label). */
export const drawn = (label: string, length: number): Uint8Array =>
  createHash('shake256', { outputLength: length }).update(`sotto vectors: ${label}`).digest()

/** Bytes for a payload of a given length, too long to be written down: 0, 1, … 250, and over again. */
export const counted = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251)

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Alice calls Bob: the same conversation in the vectors of ticket, grant and handshake. */
export const CALL = {
  realm: sha256(drawn('public key of the certificate authority', 91)),
  senderName: 'alice',
  receiverName: 'bob',
  senderStatic: drawn('identity key of alice', 32),
  receiverStatic: drawn('identity key of bob', 32),
  senderIdentityKey: publicKeyOf(drawn('identity key of alice', 32)),
  receiverIdentityKey: publicKeyOf(drawn('identity key of bob', 32)),
  ticketKey: drawn('ticket key of bob', 32),
  grantKey: drawn('grant key of alice', 32),
  instanceId: drawn('instance id of bob', 16),
  secret: drawn('secret of the conversation', 32),
  /** 22 November 2026, 12:00:00.250 UTC. */
  issuedAtMs: Date.UTC(2026, 10, 22, 12, 0, 0, 250),
  expiresAtMs: Date.UTC(2026, 10, 22, 12, 2, 0, 250),
  /** 12 hours. */
  maxSessionDurationMs: 43_200_000,
} as const

/**
 * An ML-KEM-768 ciphertext for the key of `drawn('ML-KEM seed of alice', 64)`. Encapsulation draws its randomness inside
 * node:crypto, so this one was made once and is kept in a file.
 */
export const kemCiphertext = (): Uint8Array =>
  Buffer.from(readFileSync(new URL('kem-ciphertext.hex', import.meta.url), 'utf8').replaceAll('\n', ''), 'hex')

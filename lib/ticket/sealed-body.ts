/**
 * A padded body, sealed (lib/aead.ts): the form of tickets and grants alike.
 *
 *     offset  size  field
 *     0       12    nonce       random, never used twice with one key
 *     12      512   ciphertext  of the padded body
 *     524     16    tag
 *
 * Byte for byte: docs/protocol.md, section 3.1.
 *
 * @module
 */
import { OVERHEAD_BYTES, openBytes, sealBytes } from '#lib/aead.ts'
import { fixedLength, lengthPrefixed, PROTOCOL_VERSION, REALM_BYTES, uint16 } from '#lib/protocol.ts'
import type { Secret } from '#lib/secret.ts'
import { PADDED_BYTES, pad, unpad } from './padding.ts'

/** Bytes of a sealed body: nonce, padded body, tag. */
export const SEALED_BYTES = PADDED_BYTES + OVERHEAD_BYTES

/**
 * What a body is bound to, its associated data: `label || version (2) || realm (32) || name (2 + n)`.
 *
 * @param label - Says what it is, so that no ticket opens as a grant, nor one of a conversation as one of a letter.
 * @param realm - 32 bytes.
 * @param name - Whom it is for: they know it, so it is not carried.
 * @throws TypeError if the realm has another length.
 */
export function boundTo(label: string, realm: Uint8Array, name: string): Buffer {
  return Buffer.concat([
    Buffer.from(label, 'ascii'),
    uint16(PROTOCOL_VERSION),
    fixedLength(realm, REALM_BYTES, 'realm'),
    ...lengthPrefixed(name),
  ])
}

/**
 * Seal a body.
 *
 * @param nonce - 12 random bytes. A session's key seals far fewer than the 2^32 bodies that random nonces are good for.
 * @param associatedData - Authenticated, not carried: the opener must know the same.
 * @returns {@link SEALED_BYTES} bytes.
 */
export function sealBody(key: Secret, nonce: Uint8Array, associatedData: Uint8Array, body: Uint8Array): Buffer {
  return sealBytes(key, nonce, associatedData, pad(body))
}

/**
 * Open a sealed body.
 *
 * @returns The body, in memory of its own; undefined if it was sealed under another key or for another purpose, or
 *   changed on the way. Which of these it was cannot be told.
 */
export function openBody(key: Secret, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length !== SEALED_BYTES) return undefined
  const padded = openBytes(key, associatedData, sealed)
  return padded && unpad(padded)
}

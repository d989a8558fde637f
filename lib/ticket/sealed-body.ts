/**
 * A padded body under AES-256-GCM: the form of tickets and replies alike.
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
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { fixedLength } from '#lib/protocol.ts'
import type { Secret } from '#lib/secret.ts'
import { PADDED_BYTES, pad, unpad } from './padding.ts'

/** Bytes of the nonce: 96 bits, the size that GCM takes as it is (NIST SP 800-38D, section 8.2). */
export const SEAL_NONCE_BYTES = 12

const TAG_BYTES = 16

/** Bytes of a sealed body: nonce, padded body, tag. */
export const SEALED_BYTES = SEAL_NONCE_BYTES + PADDED_BYTES + TAG_BYTES

const CIPHER = 'aes-256-gcm'

/**
 * Seal a body.
 *
 * @param nonce - {@link SEAL_NONCE_BYTES} random bytes. A session's key seals far fewer than the 2^32 bodies that
 *   random nonces are good for (NIST SP 800-38D, section 8.3).
 * @param associatedData - Authenticated, not carried: the opener must know the same.
 * @returns {@link SEALED_BYTES} bytes.
 */
export function sealBody(key: Secret, nonce: Uint8Array, associatedData: Uint8Array, body: Uint8Array): Uint8Array {
  fixedLength(nonce, SEAL_NONCE_BYTES, 'nonce')
  const cipher = createCipheriv(CIPHER, key.reveal(), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData)
  const ciphertext = cipher.update(pad(body))
  cipher.final()
  return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()], SEALED_BYTES)
}

/**
 * Open a sealed body.
 *
 * @returns The body, in memory of its own; undefined if it was sealed under another key or for another purpose, or
 *   changed on the way. Which of these it was cannot be told.
 */
export function openBody(key: Secret, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length !== SEALED_BYTES) return undefined
  const nonce = sealed.subarray(0, SEAL_NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, key.reveal(), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData)
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const padded = decipher.update(sealed.subarray(SEAL_NONCE_BYTES, -TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return unpad(padded)
}

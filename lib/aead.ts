/**
 * Authenticated encryption of one piece of bytes under a key: AES-256-GCM (NIST SP 800-38D), its nonce in front.
 *
 *     offset  size  field
 *     0       12    nonce       random, never used twice with one key
 *     12      n     ciphertext  as long as the plaintext
 *     12 + n  16    tag
 *
 * Tickets, grants and everything that is sealed on a disk have this form. Records do not: their nonces are counted and
 * not sent along (lib/noise).
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { fixedLength } from './protocol.ts'
import type { Secret } from './secret.ts'

/** Bytes of a key. */
export const KEY_BYTES = 32

/** Bytes of a nonce: 96 bits, the size that GCM takes as it is (NIST SP 800-38D, section 8.2). */
export const NONCE_BYTES = 12

/** Bytes of a tag, never shortened. */
export const TAG_BYTES = 16

/** Bytes that sealing adds to a plaintext. */
export const OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES

const CIPHER = 'aes-256-gcm'

/**
 * Seal bytes.
 *
 * @param key - {@link KEY_BYTES} bytes.
 * @param nonce - {@link NONCE_BYTES} random bytes, drawn for this call. They are good for 2^32 calls under one key (NIST
 *   SP 800-38D, section 8.3).
 * @param associatedData - Authenticated, not carried: the opener must know the same. Any length, 0 included.
 * @param plaintext - Any length, 0 included.
 * @returns {@link OVERHEAD_BYTES} bytes more than the plaintext, in memory of their own.
 * @throws TypeError if key or nonce has another length.
 */
export function sealBytes(key: Secret, nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Buffer {
  fixedLength(nonce, NONCE_BYTES, 'nonce')
  const cipher = createCipheriv(CIPHER, bytesOf(key), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData)
  const ciphertext = cipher.update(plaintext)
  // Nothing is left to come in this mode: what it does is to finish the tag.
  cipher.final()
  return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()], plaintext.length + OVERHEAD_BYTES)
}

/**
 * Open what {@link sealBytes} gave.
 *
 * @returns The plaintext, in memory of its own; undefined if this was sealed under another key or with other associated
 *   data, or was changed. Which of these it was cannot be told.
 * @throws TypeError if the key has another length than {@link KEY_BYTES}.
 */
export function openBytes(key: Secret, associatedData: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < OVERHEAD_BYTES) return undefined
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, bytesOf(key), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData)
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const plaintext = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plaintext
}

function bytesOf(key: Secret): Uint8Array {
  return fixedLength(key.reveal(), KEY_BYTES, 'key')
}

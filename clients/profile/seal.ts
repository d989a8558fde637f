/**
 * The form of a profile on the disk: AES-256-GCM under the profile key.
 *
 *     offset  size  field
 *     0       1     version     1
 *     1       12    nonce       random, drawn at each writing
 *     13      n     ciphertext
 *     13 + n  16    tag
 *
 * The version is authenticated too. A profile is written some times a day, far from the 2^32 writings that random
 * nonces are good for (NIST SP 800-38D, section 8.3).
 *
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'

/** Bytes of a profile key. */
export const PROFILE_KEY_BYTES = 32

const VERSION = Uint8Array.of(1)
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'
const LABEL = Buffer.from('sotto profile v1', 'ascii')

/** Seal what is to be written. The nonce is drawn here, because nothing but a fresh one will do. */
export function sealProfile(key: Secret, plaintext: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key.reveal(), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.concat([LABEL, VERSION]))
  const ciphertext = [cipher.update(plaintext), cipher.final()]
  return Buffer.concat([VERSION, nonce, ...ciphertext, cipher.getAuthTag()])
}

/**
 * Open what was read.
 *
 * @throws SottoError `ERR_PROFILE_DAMAGED` if it is not, byte for byte, what was written under this key.
 */
export function openProfile(key: Secret, sealed: Uint8Array): Uint8Array {
  const [version] = sealed
  if (sealed.length < VERSION.length + NONCE_BYTES + TAG_BYTES || version !== VERSION[0]) throw damaged()
  const nonce = sealed.subarray(VERSION.length, VERSION.length + NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, key.reveal(), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.concat([LABEL, VERSION]))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const plaintext = decipher.update(sealed.subarray(VERSION.length + NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([plaintext, decipher.final()])
  } catch (cause) {
    throw damaged(cause)
  }
}

function damaged(cause?: unknown): SottoError {
  return new SottoError('ERR_PROFILE_DAMAGED', 'the profile does not open under its key', {
    cause,
    hint: 'put profile.sealed and profile.key back from one backup; nothing was overwritten',
  })
}

/**
 * The form of a profile on the disk: sealed under the profile key (lib/aead.ts), behind a version.
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
import { randomBytes } from 'node:crypto'
import { KEY_BYTES, NONCE_BYTES, openBytes, sealBytes } from '#lib/aead.ts'
import { SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'

/** Bytes of a profile key. */
export const PROFILE_KEY_BYTES = KEY_BYTES

const VERSION = Uint8Array.of(1)
const ASSOCIATED_DATA = Buffer.concat([Buffer.from('sotto profile v1', 'ascii'), VERSION])

/** Seal what is to be written. The nonce is drawn here, because nothing but a fresh one will do. */
export function sealProfile(key: Secret, plaintext: Uint8Array): Uint8Array {
  return Buffer.concat([VERSION, sealBytes(key, randomBytes(NONCE_BYTES), ASSOCIATED_DATA, plaintext)])
}

/**
 * Open what was read.
 *
 * @throws SottoError `ERR_PROFILE_DAMAGED` if it is not, byte for byte, what was written under this key.
 */
export function openProfile(key: Secret, sealed: Uint8Array): Uint8Array {
  const plaintext =
    sealed[0] === VERSION[0] ? openBytes(key, ASSOCIATED_DATA, sealed.subarray(VERSION.length)) : undefined
  if (plaintext !== undefined) return plaintext
  throw new SottoError('ERR_PROFILE_DAMAGED', 'the profile does not open under its key', {
    hint: 'put profile.sealed and profile.key back from one backup; nothing was overwritten',
  })
}

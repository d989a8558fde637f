/**
 * The functions that the Noise framework is built from, in the suite 25519_AESGCM_SHA256 (Noise revision 34, section
 * 12). All arithmetic is node:crypto's.
 *
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { SottoError } from '#lib/errors.ts'
import { fixedLength } from '#lib/protocol.ts'
import { release } from '#lib/release.ts'
import { Secret } from '#lib/secret.ts'

/** DHLEN: bytes of an X25519 public key, secret key or result (Noise, section 12.1). */
export const DH_BYTES = 32

/** HASHLEN: bytes of a SHA-256 digest (Noise, section 12.5). */
export const HASH_BYTES = 32

/** Bytes of an AES-256 key (Noise, section 12.4), and of a pre-shared key (section 9). */
export const KEY_BYTES = 32

/** Bytes that encryption adds: the GCM tag, never shortened. */
export const TAG_BYTES = 16

/** The largest Noise message of any kind, in bytes (Noise, section 3). */
export const MAX_MESSAGE_BYTES = 65_535

/** zerolen: no bytes. */
export const EMPTY = new Uint8Array(0)

/** An X25519 key pair. */
export interface KeyPair {
  /** {@link DH_BYTES} bytes. */
  readonly publicKey: Uint8Array
  /** {@link DH_BYTES} bytes, any: X25519 fixes the bits that must be fixed (RFC 7748, section 5). */
  readonly secretKey: Secret
  /**
   * DH(key_pair, public_key): X25519 of this secret key and another's public key.
   *
   * @param publicKey - {@link DH_BYTES} bytes, any.
   * @returns {@link DH_BYTES} bytes, in memory of their own. Not uniform: to be hashed before use.
   * @throws SottoError `ERR_LOW_ORDER_KEY` if the result is all zeros, whatever this secret key is (RFC 7748, section
   *   6.1): somebody who sends such a key wants a result that they know.
   */
  dh(publicKey: Uint8Array): Uint8Array
}

/**
 * The key pair of a secret key.
 *
 * @param secretKey - {@link DH_BYTES} random bytes.
 */
export function keyPairFrom(secretKey: Secret): KeyPair {
  return new X25519KeyPair(secretKey)
}

class X25519KeyPair implements KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Secret
  // Importing costs as much as a Diffie-Hellman, so it is done once.
  readonly #imported: KeyObject

  constructor(secretKey: Secret) {
    this.#imported = createPrivateKey({
      key: Buffer.from(fixedLength(secretKey.reveal(), DH_BYTES, 'secret key')),
      format: 'raw-private',
      asymmetricKeyType: 'x25519',
    })
    this.secretKey = secretKey
    this.publicKey = createPublicKey(this.#imported).export({ format: 'raw-public' })
  }

  dh(publicKey: Uint8Array): Uint8Array {
    const imported = createPublicKey({
      key: Buffer.from(fixedLength(publicKey, DH_BYTES, 'public key')),
      format: 'raw-public',
      asymmetricKeyType: 'x25519',
    })
    try {
      return diffieHellman({ privateKey: this.#imported, publicKey: imported })
    } catch (cause) {
      // With two well-formed keys OpenSSL fails for one reason alone: a result of all zeros.
      throw new SottoError('ERR_LOW_ORDER_KEY', 'a Diffie-Hellman result is all zeros', { cause })
    }
  }
}

/**
 * Whether a Diffie-Hellman with this public key can succeed: false for the few points of low order, with which every
 * result is all zeros. It costs one Diffie-Hellman.
 *
 * @param publicKey - {@link DH_BYTES} bytes.
 */
export function isUsablePublicKey(publicKey: Uint8Array): boolean {
  try {
    PROBE.dh(publicKey)
    return true
  } catch {
    return false
  }
}

// Any secret key will do: a fixed scalar is a multiple of 8, the cofactor, and so sends every point of low order to zero.
const PROBE = keyPairFrom(Secret.of(new Uint8Array(DH_BYTES)))

/** HASH(parts[0] || parts[1] || …), {@link HASH_BYTES} bytes. */
export function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/**
 * HKDF(chaining_key, input_key_material, num_outputs) of Noise, section 4.3, which is the HKDF-SHA256 of RFC 5869 with
 * the chaining key as salt and no info.
 *
 * @param inputKeyMaterial - 0, 32 or any number of bytes.
 * @returns 2 or 3 outputs of {@link HASH_BYTES} bytes; the first 2 are the same either way.
 */
export function hkdf(chainingKey: Uint8Array, inputKeyMaterial: Uint8Array, outputs: 2): [Uint8Array, Uint8Array]
export function hkdf(
  chainingKey: Uint8Array,
  inputKeyMaterial: Uint8Array,
  outputs: 3,
): [Uint8Array, Uint8Array, Uint8Array]
export function hkdf(chainingKey: Uint8Array, inputKeyMaterial: Uint8Array, outputs: 2 | 3): Uint8Array[] {
  const all = Buffer.from(hkdfSync('sha256', inputKeyMaterial, chainingKey, EMPTY, outputs * HASH_BYTES))
  return Array.from({ length: outputs }, (_, index) => all.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES))
}

/**
 * ENCRYPT(k, n, ad, plaintext) with AES-256-GCM.
 *
 * @param nonce - The 12 bytes that n makes; `Nonce` has them.
 * @returns Ciphertext and tag, in memory of their own: {@link TAG_BYTES} bytes more than the plaintext.
 */
export function encrypt(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  if (ad.length > 0) cipher.setAAD(ad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  const sealed = Buffer.concat([ciphertext, cipher.getAuthTag()], ciphertext.length + TAG_BYTES)
  release(ciphertext)
  return sealed
}

/**
 * DECRYPT(k, n, ad, ciphertext) with AES-256-GCM.
 *
 * @param nonce - The 12 bytes that n makes.
 * @param ciphertext - Ciphertext and tag, as {@link encrypt} gives them.
 * @returns The plaintext, in memory of its own.
 * @throws SottoError `ERR_DECRYPT` if it does not authenticate.
 */
export function decrypt(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  if (ciphertext.length < TAG_BYTES) throw undecryptable()
  const end = ciphertext.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  if (ad.length > 0) decipher.setAAD(ad)
  decipher.setAuthTag(ciphertext.subarray(end))
  const plaintext = decipher.update(ciphertext.subarray(0, end))
  try {
    decipher.final()
  } catch (cause) {
    throw undecryptable(cause)
  }
  return plaintext
}

function undecryptable(cause?: unknown): SottoError {
  return new SottoError('ERR_DECRYPT', 'a ciphertext does not authenticate', { cause })
}

/**
 * ML-KEM-768 (FIPS 203), the part of the handshake that a recorder with a quantum computer cannot undo. The arithmetic
 * is node:crypto's.
 *
 * @module
 */
import {
  createPrivateKey,
  createPublicKey,
  decapsulate as decapsulateWith,
  encapsulate as encapsulateTo,
} from 'node:crypto'
import { SottoError } from '#lib/errors.ts'
import { fixedLength } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'

/** Bytes of a seed, d || z, of which a key pair is made (FIPS 203, section 7.1). */
export const KEM_SEED_BYTES = 64

/** Bytes of an encapsulation key (FIPS 203, table 3). */
export const ENCAPSULATION_KEY_BYTES = 1_184

/** Bytes of a ciphertext (FIPS 203, table 3). */
export const KEM_CIPHERTEXT_BYTES = 1_088

/** Bytes of the shared secret (FIPS 203, table 3). */
const KEM_SHARED_BYTES = 32

const ALGORITHM = 'ml-kem-768'

export interface KemKeyPair {
  /** ek, {@link ENCAPSULATION_KEY_BYTES} bytes. */
  readonly encapsulationKey: Uint8Array
  /**
   * The shared secret in a ciphertext, 32 bytes. A ciphertext that was not made for this key gives another secret, and
   * no error (FIPS 203, section 6.3): it is the handshake that then fails.
   *
   * @param ciphertext - ct, {@link KEM_CIPHERTEXT_BYTES} bytes.
   */
  decapsulate(ciphertext: Uint8Array): Secret
}

/** The result of an encapsulation: ct for the other end, the shared secret for this one. */
export interface Encapsulation {
  readonly ciphertext: Uint8Array
  readonly shared: Secret
}

/**
 * The key pair of a seed.
 *
 * @param seed - {@link KEM_SEED_BYTES} random bytes, for one handshake.
 */
export function kemKeyPairFrom(seed: Secret): KemKeyPair {
  const privateKey = createPrivateKey({
    key: Buffer.from(fixedLength(seed.reveal(), KEM_SEED_BYTES, 'ML-KEM seed')),
    format: 'raw-seed',
    asymmetricKeyType: ALGORITHM,
  })
  return {
    encapsulationKey: createPublicKey(privateKey).export({ format: 'raw-public' }),
    decapsulate(ciphertext) {
      fixedLength(ciphertext, KEM_CIPHERTEXT_BYTES, 'ML-KEM ciphertext')
      return Secret.of(decapsulateWith(privateKey, ciphertext), KEM_SHARED_BYTES)
    },
  }
}

/**
 * Make a shared secret for the holder of a key. node:crypto draws the randomness and takes none from outside.
 *
 * @param encapsulationKey - {@link ENCAPSULATION_KEY_BYTES} bytes, any.
 * @throws SottoError `ERR_HELLO_MALFORMED` if it is no key (the modulus check of FIPS 203, section 7.2).
 */
export function encapsulate(encapsulationKey: Uint8Array): Encapsulation {
  const publicKey = importKey(encapsulationKey)
  const { sharedKey, ciphertext } = encapsulateTo(publicKey)
  return { ciphertext, shared: Secret.of(sharedKey, KEM_SHARED_BYTES) }
}

function importKey(encapsulationKey: Uint8Array) {
  try {
    return createPublicKey({ key: Buffer.from(encapsulationKey), format: 'raw-public', asymmetricKeyType: ALGORITHM })
  } catch (cause) {
    throw new SottoError('ERR_HELLO_MALFORMED', 'not an ML-KEM-768 encapsulation key', { cause })
  }
}

/**
 * Prekeys: keys that a receiver puts down while it is there, so that letters can be sealed for it when it is not
 * (docs/protocol.md, section 13.3).
 *
 *     private half                          public half
 *     offset  size  field                   X25519 public key, 32
 *     0       32    X25519 secret key       ML-KEM-768 encapsulation key, 1,184
 *     32      64    ML-KEM-768 seed
 *
 * @module
 */
import type { RandomBytes } from '#lib/channel/hello.ts'
import { ENCAPSULATION_KEY_BYTES, KEM_SEED_BYTES, type KemKeyPair, kemKeyPairFrom } from '#lib/channel/kem.ts'
import { DH_BYTES, type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'

/** Bytes of a prekey's id. */
export const PREKEY_ID_BYTES = 16

/** Bytes of the private half of a prekey. */
export const PREKEY_SECRET_BYTES = DH_BYTES + KEM_SEED_BYTES

/** The public half of a prekey, as it is put down and handed out. */
export interface Prekey {
  /** {@link PREKEY_ID_BYTES} bytes. */
  readonly prekeyId: Uint8Array
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** ML-KEM-768, 1,184 bytes. */
  readonly encapsulationKey: Uint8Array
}

/** The private half of a prekey, ready for use. */
export interface PrekeyPair {
  readonly dh: KeyPair
  readonly kem: KemKeyPair
}

/** A new prekey: both halves. */
export interface NewPrekey {
  readonly prekey: Prekey
  /** {@link PREKEY_SECRET_BYTES} bytes. */
  readonly secret: Secret
}

/** Draw a prekey. @param random - Asked for an id (16 bytes) and a private half (96), in this order. */
export function drawPrekey(random: RandomBytes): NewPrekey {
  const prekeyId = random(PREKEY_ID_BYTES)
  const secret = Secret.of(random(PREKEY_SECRET_BYTES))
  const { dh, kem } = prekeyPairFrom(secret)
  return { prekey: { prekeyId, publicKey: dh.publicKey, encapsulationKey: kem.encapsulationKey }, secret }
}

/** The key pairs of a private half. @param secret - {@link PREKEY_SECRET_BYTES} bytes. */
export function prekeyPairFrom(secret: Secret): PrekeyPair {
  const bytes = secret.reveal()
  return {
    dh: keyPairFrom(Secret.of(bytes.subarray(0, DH_BYTES))),
    kem: kemKeyPairFrom(Secret.of(bytes.subarray(DH_BYTES), KEM_SEED_BYTES)),
  }
}

/** Whether the parts of a prekey have their lengths. */
export function isPrekey({ prekeyId, publicKey, encapsulationKey }: Prekey): boolean {
  return (
    prekeyId.length === PREKEY_ID_BYTES &&
    publicKey.length === DH_BYTES &&
    encapsulationKey.length === ENCAPSULATION_KEY_BYTES
  )
}

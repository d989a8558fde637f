/**
 * A key pair that counts the Diffie-Hellmans done with it. The arithmetic is the real one.
 *
 * @module
 */
import type { KeyPair } from '#lib/noise/primitives.ts'

export interface CountingKeyPair extends KeyPair {
  /** How many Diffie-Hellmans were done with it. */
  readonly count: number
}

/** A copy of a key pair that counts its Diffie-Hellmans. */
export function counting(keyPair: KeyPair): CountingKeyPair {
  let count = 0
  return {
    publicKey: keyPair.publicKey,
    secretKey: keyPair.secretKey,
    get count() {
      return count
    },
    dh(publicKey) {
      count += 1
      return keyPair.dh(publicKey)
    },
  }
}

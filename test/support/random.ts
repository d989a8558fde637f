/**
 * Randomness that is the same in every run.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'

/** Bytes of the wanted length, derived from a label: SHAKE256(label). */
export function bytesOf(label: string, length: number): Uint8Array {
  return createHash('shake256', { outputLength: length }).update(label).digest()
}

/** A secret of 32 bytes, derived from a label. */
export function secretOf(label: string): Secret {
  return Secret.of(bytesOf(label, 32))
}

/** A key pair, derived from a label. */
export function keyPairOf(label: string): KeyPair {
  return keyPairFrom(secretOf(label))
}

/** A source of randomness: other bytes at every call, the same in every source of this seed. */
export function randomFrom(seed: string): (length: number) => Uint8Array {
  let calls = 0
  return (length) => {
    calls += 1
    return bytesOf(`${seed} ${calls}`, length)
  }
}

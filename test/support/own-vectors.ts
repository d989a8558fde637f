/**
 * The project's own vectors, in test/vectors.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'
import { counted, hex } from '../vectors/inputs.ts'
import type { makeVectors, SealedMessage } from '../vectors/make.ts'
import { sha256 } from '../vectors/reference.ts'

type Files = ReturnType<typeof makeVectors>

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex')
export const secret = (text: string): Secret => Secret.of(bytes(text))
export const keyPair = (text: string): KeyPair => keyPairFrom(secret(text))

/** Read a file of test/vectors. That it has no other keys is tested by made.test.ts. */
export function readVectors<Name extends keyof Files>(name: Name): Files[Name] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'))
}

/** Read the vector of a file that has one. */
export function readVector<Name extends keyof Files>(name: Name): Files[Name]['vectors'][number] {
  const [vector] = readVectors(name).vectors
  if (vector === undefined) throw new Error(`${name} is empty`)
  return vector
}

/** The plaintext of a sealed message. */
export function plaintextOf({ plaintext, plaintext_length: length }: SealedMessage): Uint8Array {
  return length === undefined ? bytes(plaintext ?? '') : counted(length)
}

/** A copy of a message with another ciphertext, in the form that the message has: bytes, or their digest. */
export function inFormOf<T extends Pick<SealedMessage, 'ciphertext'>>(message: T, ciphertext: Uint8Array): T {
  if (message.ciphertext === undefined) return { ...message, ciphertext_sha256: hex(sha256(ciphertext)) }
  return { ...message, ciphertext: hex(ciphertext) }
}

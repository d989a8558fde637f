/**
 * argon2id (RFC 9106), by @node-rs/argon2: it takes well under half the time of node:crypto's, so that as many more people
 * sign in, and the parameters may grow with it. Where it has no binary for a platform, node:crypto's does the same.
 *
 * @module
 */
import * as crypto from 'node:crypto'

/** What is computed. */
export interface Argon2idInput {
  readonly message: Uint8Array
  readonly salt: Uint8Array
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
  readonly tagBytes: number
}

/** One that computes, on a thread of the pool. */
export type Argon2id = (input: Argon2idInput) => Promise<Buffer>

/** The version of the algorithm that RFC 9106 describes, 0x13, and argon2id among its kinds, as the package numbers them. */
const VERSION_13 = 1
const ARGON2ID = 2

/** node:crypto's. */
export const portableArgon2id: Argon2id = ({ message, salt, memoryKib, passes, parallelism, tagBytes }) => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  crypto.argon2(
    'argon2id',
    { message, nonce: salt, memory: memoryKib, passes, parallelism, tagLength: tagBytes },
    (error, tag) => (error ? reject(error) : resolve(tag)),
  )
  return promise
}

let found: Promise<Argon2id> | undefined

/** The fastest that this machine has; looked for with the first password. */
export function fastestArgon2id(): Promise<Argon2id> {
  found ??= native().catch(() => portableArgon2id)
  return found
}

/** By the fastest that this machine has. */
export const argon2id: Argon2id = async (input) => (await fastestArgon2id())(input)

async function native(): Promise<Argon2id> {
  const { hashRaw } = await import('@node-rs/argon2')
  return async ({ message, salt, memoryKib, passes, parallelism, tagBytes }) => {
    return await hashRaw(message, {
      algorithm: ARGON2ID,
      version: VERSION_13,
      salt,
      memoryCost: memoryKib,
      timeCost: passes,
      parallelism,
      outputLen: tagBytes,
    })
  }
}

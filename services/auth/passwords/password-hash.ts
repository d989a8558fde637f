/**
 * Password hashes as PHC strings, by argon2id (RFC 9106):
 *
 *     $argon2id$v=19$m=19456,t=2,p=1$SALT$TAG
 *
 * Salt and tag are base64 without padding
 * (https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md). The string says how it was made, so each
 * account can be checked whatever the parameters are today.
 *
 * @module
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import { type Argon2id, argon2id } from './argon2id.ts'

/** The cost of one hash. */
export interface PasswordParameters {
  /** KiB. */
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}

/** 19 MiB, 2 passes, 1 lane: the least that OWASP's Password Storage Cheat Sheet asks of argon2id. */
export const DEFAULT_PASSWORD_PARAMETERS: PasswordParameters = { memoryKib: 19 * 1024, passes: 2, parallelism: 1 }

/** The most that a stored hash may ask for, so that an edited row cannot take the machine down: 1 GiB. */
export const MAX_MEMORY_KIB = 1024 * 1024

/** Likewise, for time. */
export const MAX_PASSES = 64

/** RFC 9106, section 3.1, recommends 16 bytes. */
export const SALT_BYTES = 16

export const TAG_BYTES = 32

/** A parsed PHC string. */
export interface PasswordHash {
  readonly parameters: PasswordParameters
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/

/**
 * Read a PHC string.
 *
 * @throws SottoError `ERR_STORE` if it is not one of ours: such a string comes only from a damaged database.
 */
export function parsePasswordHash(phc: string): PasswordHash {
  const [, memory, passes, parallelism, salt, tag] = PHC.exec(phc) ?? []
  const parameters = { memoryKib: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  if (salt === undefined || tag === undefined || !areSane(parameters)) {
    throw new SottoError('ERR_STORE', 'a stored password hash cannot be read')
  }
  return { parameters, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

export function encodePasswordHash({ parameters, salt, tag }: PasswordHash): string {
  const { memoryKib, passes, parallelism } = parameters
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`
}

/** Hash a password under a new random salt. */
export async function hashPassword(
  password: Secret,
  parameters: PasswordParameters,
  compute: Argon2id = argon2id,
): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES)
  return { parameters, salt, tag: await derive(password, parameters, salt, compute) }
}

/** Whether a password is the one that was hashed. Costs one argon2id with the parameters of the hash. */
export async function verifyPassword(
  password: Secret,
  { parameters, salt, tag }: PasswordHash,
  compute: Argon2id = argon2id,
): Promise<boolean> {
  return timingSafeEqual(await derive(password, parameters, salt, compute), tag)
}

export function areEqualParameters(a: PasswordParameters, b: PasswordParameters): boolean {
  return a.memoryKib === b.memoryKib && a.passes === b.passes && a.parallelism === b.parallelism
}

function derive(
  password: Secret,
  parameters: PasswordParameters,
  salt: Uint8Array,
  compute: Argon2id,
): Promise<Buffer> {
  return compute({ message: password.reveal(), salt, ...parameters, tagBytes: TAG_BYTES })
}

/** RFC 9106, section 3.1: at least 8 KiB of memory for each lane, and one pass. */
function areSane({ memoryKib, passes, parallelism }: PasswordParameters): boolean {
  return (
    parallelism >= 1 &&
    memoryKib >= 8 * parallelism &&
    memoryKib <= MAX_MEMORY_KIB &&
    passes >= 1 &&
    passes <= MAX_PASSES
  )
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

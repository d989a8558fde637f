/**
 * Hashes and checks passwords, a bounded number at a time, each in its prepared form (lib/typed-secret.ts).
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Secret } from '#lib/secret.ts'
import { prepareTypedSecret } from '#lib/typed-secret.ts'
import { type Argon2id, argon2id } from './argon2id.ts'
import type { HashCaller, HashingQueue } from './hashing-queue.ts'
import {
  areEqualParameters,
  encodePasswordHash,
  hashPassword,
  type PasswordParameters,
  parsePasswordHash,
  SALT_BYTES,
  TAG_BYTES,
  verifyPassword,
} from './password-hash.ts'

export interface PasswordCheck {
  readonly matches: boolean
  /**
   * Whether the hash was made with other parameters than today's, or of the password as it was sent: a right password
   * should then be hashed anew.
   */
  readonly isOutdated: boolean
}

export class Passwords {
  readonly #parameters: PasswordParameters
  readonly #queue: HashingQueue
  readonly #compute: Argon2id

  /**
   * @param parameters - For new hashes.
   * @param compute - A test passes one that counts.
   */
  constructor(parameters: PasswordParameters, queue: HashingQueue, compute: Argon2id = argon2id) {
    this.#parameters = parameters
    this.#queue = queue
    this.#compute = compute
  }

  /**
   * Hash a password for storage.
   *
   * @returns A PHC string.
   * @throws SottoError `ERR_BUSY` if the queue is full.
   */
  async hash(password: Secret, caller?: HashCaller): Promise<string> {
    const prepared = prepareTypedSecret(password)
    const made = await this.#queue.run(() => hashPassword(prepared, this.#parameters, this.#compute), caller)
    return encodePasswordHash(made)
  }

  /**
   * Compare a password with a stored hash. Hashes from before passwords were prepared are of what was sent, so that is
   * tried as well where it differs: a second hash for those who type such letters, whatever is stored.
   *
   * @param phc - A PHC string.
   * @throws SottoError `ERR_BUSY` if the queue is full; `ERR_STORE` if the string cannot be read.
   */
  async check(password: Secret, phc: string, caller?: HashCaller): Promise<PasswordCheck> {
    const stored = parsePasswordHash(phc)
    const isOf = (form: Secret) => this.#queue.run(() => verifyPassword(form, stored, this.#compute), caller)
    const prepared = prepareTypedSecret(password)
    if (await isOf(prepared)) {
      return { matches: true, isOutdated: !areEqualParameters(stored.parameters, this.#parameters) }
    }
    return { matches: !prepared.equals(password) && (await isOf(password)), isOutdated: true }
  }

  /** A hash that no password has, with today's parameters: what is checked where there is no account at all. */
  decoy(): string {
    return encodePasswordHash({
      parameters: this.#parameters,
      salt: randomBytes(SALT_BYTES),
      tag: randomBytes(TAG_BYTES),
    })
  }
}

/**
 * Password hashes and nothing else as an actor, by one of two libraries, with the parameters that Auth has.
 *
 *     argon2.ts node:crypto|@node-rs/argon2
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { argon2id, portableArgon2id } from '../../../services/auth/passwords/argon2id.ts'
import { DEFAULT_PASSWORD_PARAMETERS, SALT_BYTES, TAG_BYTES } from '../../../services/auth/passwords/password-hash.ts'
import type { Requests } from '../framework/actor.ts'
import { inFlight } from '../framework/in-flight.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface HashRequests extends Requests {
  /** Hash so often, so many at once: the milliseconds that each took. */
  hash: (count: number, width: number) => Promise<number[]>
}

const compute = process.argv[2] === 'node:crypto' ? portableArgon2id : argon2id
const input = { ...DEFAULT_PASSWORD_PARAMETERS, message: Buffer.from('a password of the bench'), tagBytes: TAG_BYTES }
const hash = () => compute({ ...input, salt: randomBytes(SALT_BYTES) })
const requests: HashRequests = { hash: (count, width) => inFlight(count, width, hash) }

serveActor(requests)

/**
 * Password hashes and nothing else as an actor, by one of two libraries, with the parameters that Auth has.
 *
 *     argon2.ts node:crypto|@node-rs/argon2
 *
 * @module
 */
import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { DEFAULT_PASSWORD_PARAMETERS, SALT_BYTES, TAG_BYTES } from '../../../services/auth/passwords/password-hash.ts'
import type { Requests } from '../framework/actor.ts'
import { inFlight } from '../framework/in-flight.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface HashRequests extends Requests {
  /** Hash so often, so many at once: the milliseconds that each took. */
  hash: (count: number, width: number) => Promise<number[]>
}

const { memoryKib: memory, passes, parallelism } = DEFAULT_PASSWORD_PARAMETERS
const PASSWORD = Buffer.from('a password of the bench')

function hasherOfNode(): () => Promise<unknown> {
  const compute = promisify(argon2)
  const common = { message: PASSWORD, memory, passes, parallelism, tagLength: TAG_BYTES }
  return () => compute('argon2id', { ...common, nonce: randomBytes(SALT_BYTES) })
}

async function hasherOf(library: string): Promise<() => Promise<unknown>> {
  if (library === 'node:crypto') return hasherOfNode()
  const { hash } = (await import(library)) as { hash: (password: Buffer, options: object) => Promise<string> }
  const options = { memoryCost: memory, timeCost: passes, parallelism, outputLen: TAG_BYTES }
  return () => hash(PASSWORD, options)
}

const hasher = await hasherOf(process.argv[2] ?? '')
const requests: HashRequests = { hash: (count, width) => inFlight(count, width, hasher) }

serveActor(requests)

/**
 * Vectors of the Noise framework, in the form in which others publish them (the wiki of the Noise specification).
 *
 * @module
 */
import { readFileSync } from 'node:fs'

/** A message of a vector, in hexadecimal. */
interface VectorMessage {
  readonly payload: string
  readonly ciphertext: string
}

/** A vector, in hexadecimal. What the pattern does not need is absent. */
export interface NoiseVector {
  readonly protocol_name: string
  readonly init_prologue: string
  readonly init_psks?: readonly string[]
  readonly init_static?: string
  readonly init_ephemeral?: string
  readonly init_remote_static?: string
  readonly resp_prologue: string
  readonly resp_psks?: readonly string[]
  readonly resp_static?: string
  readonly resp_ephemeral?: string
  readonly resp_remote_static?: string
  readonly handshake_hash: string
  readonly messages: readonly VectorMessage[]
}

const VECTOR_KEYS = new Set([
  'protocol_name',
  ...['prologue', 'psks', 'static', 'ephemeral', 'remote_static'].flatMap((key) => [`init_${key}`, `resp_${key}`]),
  'handshake_hash',
  'messages',
])

const MESSAGE_KEYS = new Set(['payload', 'ciphertext'])

/**
 * Read the vectors of a file.
 *
 * @throws Error if an object in it has a key that is not known here: what is not understood is not tested.
 */
export function readNoiseVectors(path: URL | string): NoiseVector[] {
  const file = JSON.parse(readFileSync(path, 'utf8'))
  refuseUnknownKeys(file, new Set(['source', 'vectors']))
  for (const vector of file.vectors) {
    refuseUnknownKeys(vector, VECTOR_KEYS)
    for (const message of vector.messages) refuseUnknownKeys(message, MESSAGE_KEYS)
  }
  return file.vectors
}

/** Refuse an unknown key. @throws Error if the object has another key than these. */
function refuseUnknownKeys(object: object, known: ReadonlySet<string>): void {
  const unknown = Object.keys(object).filter((key) => !known.has(key))
  if (unknown.length > 0) throw new Error(`unknown keys in a vector: ${unknown.join(', ')}`)
}

/**
 * The form of what lies in a `sealed` column: sealed (lib/aead.ts), and bound to the row that it lies in.
 *
 *     offset  size  field
 *     0       12    nonce       random, drawn at each writing
 *     12      n     ciphertext
 *     12 + n  16    tag
 *
 * The row's identity is authenticated too, so what is moved to another row does not open there. A store has a key of its
 * own for each table; with random nonces each is good for 2^32 writings (NIST SP 800-38D, section 8.3).
 *
 * @module
 */
import { hash, hkdfSync, randomBytes } from 'node:crypto'
import { KEY_BYTES, NONCE_BYTES, openBytes, sealBytes, TAG_BYTES } from '#lib/aead.ts'
import { Secret } from '#lib/secret.ts'
import { damaged } from './sqlite-errors.ts'

/** Gives as many random bytes as asked for, never the same twice. */
export type Random = (length: number) => Uint8Array

/** How many random bytes are drawn at once. Each draw is a call into the system's generator, and a nonce is 12 bytes. */
const POOL_BYTES = 3_072

/** Random bytes that are no secret, such as nonces and ids, some hundred at one draw. */
export function pooledRandom(): Random {
  let pool = new Uint8Array(0)
  return (length) => {
    if (pool.length < length) pool = new Uint8Array(randomBytes(Math.max(POOL_BYTES, length)))
    const taken = pool.slice(0, length)
    pool = pool.subarray(length)
    return taken
  }
}

/** Derive one of a store's keys: HKDF-SHA256(ikm = profile key, salt = store id, info = label), 32 bytes. */
export function deriveStoreKey(profileKey: Secret, storeId: Uint8Array, label: string): Secret {
  return Secret.of(new Uint8Array(hkdfSync('sha256', profileKey.reveal(), storeId, label, KEY_BYTES)))
}

export class RowSeal {
  readonly #key: Secret
  readonly #random: Random

  constructor(key: Secret, random: Random) {
    this.#key = key
    this.#random = random
  }

  /** @param row - What no other row of the table has, and what else is to be authenticated with it. */
  seal(row: Uint8Array, plaintext: Uint8Array): Uint8Array {
    return sealBytes(this.#key, this.#random(NONCE_BYTES), row, plaintext)
  }

  /** @throws SottoError `ERR_STORE_DAMAGED` if it is not, byte for byte, what was sealed for this row. */
  open(row: Uint8Array, sealed: Uint8Array): Buffer {
    const plaintext = openBytes(this.#key, row, sealed)
    if (plaintext === undefined) throw damaged('a row of the store is not what was written there')
    return plaintext
  }
}

/** The tag of a sealed form, 16 bytes: two forms differ in it, whatever they hold. */
export function tagOf(sealed: Uint8Array): Uint8Array {
  return sealed.subarray(-TAG_BYTES)
}

/** SHA-256 over the number and the tag of each of some rows: no row can be added, removed or put back without it changing. */
export function digestOfRows(rows: Iterable<readonly [id: number, tag: Uint8Array]>): Buffer {
  // In one piece: each commit of a store comes by here, and a hash that is fed twice for each row takes five times as long.
  const all = [...rows]
  const bytes = Buffer.allocUnsafe(all.length * (NUMBER_BYTES + TAG_BYTES))
  let end = 0
  for (const [id, tag] of all) {
    writeUint64(bytes, id, end)
    // Of a row that was cut off it is shorter.
    bytes.set(tag, end + NUMBER_BYTES)
    end += NUMBER_BYTES + tag.length
  }
  return hash('sha256', bytes.subarray(0, end), 'buffer')
}

/** Bytes of a number. */
const NUMBER_BYTES = 8

/** A number in 8 bytes, big-endian. */
export function uint64(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES)
  writeUint64(bytes, value, 0)
  return bytes
}

function writeUint64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  bytes.writeUInt32BE(value % 2 ** 32, at + 4)
}

/**
 * Changes to an encoded protobuf message, whatever is in it.
 *
 * @module
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { bytesOf } from './random.ts'
import { flip, truncations } from './tamper.ts'

const LENGTH_DELIMITED = 2

/** How many bits are flipped at random. */
const FLIPS = 200

/** A changed message, and what was done to it. */
export interface Tampered {
  readonly what: string
  readonly bytes: Buffer
}

/**
 * The first and the last byte of each field changed, of those of messages within too; each shorter beginning; and
 * {@link FLIPS} bits flipped, the same for the same seed.
 */
export function* tamperings(encoded: Uint8Array, seed: string): Generator<Tampered> {
  for (const at of edges(encoded)) yield { what: `byte ${at} changed`, bytes: Buffer.from(flip(encoded, at * 8 + 3)) }
  for (const cut of truncations(encoded)) yield { what: `cut to ${cut.length} bytes`, bytes: Buffer.from(cut) }
  if (encoded.length === 0) return
  for (let count = 0; count < FLIPS; count += 1) {
    const bit = Buffer.from(bytesOf(`${seed} ${count}`, 4)).readUInt32BE() % (encoded.length * 8)
    yield { what: `bit ${bit} flipped`, bytes: Buffer.from(flip(encoded, bit)) }
  }
}

/** Where the tags, and the first and the last byte of the values, of all fields are. */
function edges(encoded: Uint8Array): ReadonlySet<number> {
  const found = new Set<number>()
  const walk = (from: number, to: number): boolean => {
    const reader = new BinaryReader(encoded.subarray(0, to))
    reader.pos = from
    const here: number[] = []
    const within: [number, number][] = []
    try {
      while (reader.pos < to) {
        const start = reader.pos
        const [field, wireType] = reader.tag()
        if (field < 1) return false
        const value = reader.pos
        reader.skip(wireType, field)
        here.push(start, value, reader.pos - 1)
        if (wireType !== LENGTH_DELIMITED) continue
        reader.pos = value
        const length = reader.uint32()
        if (length > 0) here.push(reader.pos)
        within.push([reader.pos, reader.pos + length])
        reader.pos += length
      }
    } catch {
      return false
    }
    if (reader.pos !== to) return false
    for (const at of here) if (at >= from && at < to) found.add(at)
    // A value that is no message is none by chance either, or has a few more places changed.
    for (const [first, last] of within) walk(first, last)
    return true
  }
  walk(0, encoded.length)
  return found
}

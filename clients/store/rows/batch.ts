/**
 * Batches: events that were sent or received in one go, which is usually those of one record, as they lie under one
 * seal.
 *
 *     offset  size  field
 *     0       1     direction   1 incoming, 2 outgoing, 3 incoming by letter
 *     1       6     stored at   Unix time in milliseconds, by this machine's clock
 *     7       2     key         which of the contact's identity keys, counted from 0
 *     9       6     first       the ordinal of the first event (contact-state.ts)
 *     15      …     events      each: its length in 4 bytes, and a protobuf Event
 *
 * Numbers are unsigned and big-endian.
 *
 * @module
 */
import { EVENT_ROOM_BYTES } from '#lib/delivery/limits.ts'

export type Direction = 'incoming' | 'outgoing'

export interface Batch {
  readonly direction: Direction
  /** Whether it came by letter: of what was received alone. */
  readonly isLetter?: boolean
  readonly storedAt: Date
  /** The contact's identity key that it was sent to, or received from, by its index. */
  readonly key: number
  /** The ordinal of events[0]; events[i] has first + i. */
  readonly first: number
  /** Encoded. */
  readonly events: readonly Uint8Array[]
}

const DIRECTION_BYTES: Readonly<Record<Direction, number>> = { incoming: 1, outgoing: 2 }
const LETTER_BYTE = 3
const HEADER_BYTES = 15

/** The ordinal of the last event. */
export function lastOf({ first, events }: Batch): number {
  return first + events.length - 1
}

export function encodeBatch({ direction, isLetter, storedAt, key, first, events }: Batch): Uint8Array {
  const length = events.reduce((sum, event) => sum + 4 + event.length, HEADER_BYTES)
  const encoded = Buffer.allocUnsafe(length)
  encoded.writeUInt8(isLetter ? LETTER_BYTE : DIRECTION_BYTES[direction], 0)
  encoded.writeUIntBE(storedAt.getTime(), 1, 6)
  encoded.writeUInt16BE(key, 7)
  encoded.writeUIntBE(first, 9, 6)
  let offset = HEADER_BYTES
  for (const event of events) {
    offset = encoded.writeUInt32BE(event.length, offset)
    encoded.set(event, offset)
    offset += event.length
  }
  return encoded
}

/** Read what {@link encodeBatch} wrote. The seal vouches for its form. The events are windows into it, not copies. */
export function decodeBatch(encoded: Buffer): Batch {
  const events: Uint8Array[] = []
  for (let offset = HEADER_BYTES; offset < encoded.length; ) {
    const start = offset + 4
    offset = start + encoded.readUInt32BE(offset)
    events.push(encoded.subarray(start, offset))
  }
  const isLetter = encoded.readUInt8(0) === LETTER_BYTE
  return {
    ...(isLetter && { isLetter }),
    direction: encoded.readUInt8(0) === DIRECTION_BYTES.outgoing ? 'outgoing' : 'incoming',
    storedAt: new Date(readUint48(encoded, 1)),
    key: encoded.readUInt16BE(7),
    first: readUint48(encoded, 9),
    events,
  }
}

/**
 * Read a number of 6 bytes.
 *
 * Buffer's own readUIntBE calculates with doubles once it is optimized, so that a property which held small integers holds
 * doubles from then on. In the middle of that change V8 14.6 (Node.js 26.10) was seen to let several objects share one
 * such property: each batch of a run then had the ordinal of the last. Small integers that stay small integers do not
 * change.
 */
function readUint48(bytes: Buffer, offset: number): number {
  const high = bytes.readUInt16BE(offset)
  const low = bytes.readUInt32BE(offset + 2)
  return high === 0 ? low : high * 2 ** 32 + low
}

/** Cut a burst into runs that make a record each, about; an event larger than a record stands alone. */
export function* packed<T extends { readonly length: number }>(events: readonly T[]): Generator<readonly T[]> {
  let start = 0
  let bytes = 0
  for (const [index, event] of events.entries()) {
    if (index > start && bytes + event.length > EVENT_ROOM_BYTES) {
      yield events.slice(start, index)
      start = index
      bytes = 0
    }
    bytes += event.length
  }
  if (start < events.length) yield events.slice(start)
}

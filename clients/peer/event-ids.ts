/**
 * Ids of streams, and of events, which are drawn many at a time: asking the system for each would cost a message more than all the rest of it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { EVENT_ID_BYTES, STREAM_ID_BYTES } from '#lib/delivery/limits.ts'

/** How many are drawn at a time: 4 KiB. */
const BATCH = 256

let drawn: Uint8Array = new Uint8Array(0)
let taken = 0

/** A new id: EVENT_ID_BYTES random bytes, a view of a larger piece of memory that nobody writes to any more. */
export function drawEventId(): Uint8Array {
  if (taken === drawn.length) {
    drawn = randomBytes(BATCH * EVENT_ID_BYTES)
    taken = 0
  }
  const start = taken
  taken += EVENT_ID_BYTES
  return drawn.subarray(start, taken)
}

/** Draws a stream id. */
export const drawStreamId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)

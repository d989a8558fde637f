/**
 * Finding again what was sent, by ordinals.
 *
 * @module
 */
import { lastOf } from '../rows/batch.ts'
import type { Batches, NumberedBatch } from '../rows/batches.ts'

export interface OutgoingRange {
  readonly contact: number
  /** The index of the contact's identity key. */
  readonly key: number
  /** The ordinal before the first event that is wanted. */
  readonly after: number
  /** The ordinal of the last that is wanted. */
  readonly to: number
  /** The numbers of the batches to look through. */
  readonly batches: readonly [from: number, to: number]
}

export interface OutgoingEvents {
  /** Encoded, in order. */
  readonly events: readonly Uint8Array[]
  /** The batches that they are in. */
  readonly batches: NumberedBatch[]
}

/** How many batches are read in one go. */
const RUN = 256

/**
 * Inside a transaction: read what was sent between two ordinals, from the newest batch backwards.
 *
 * @returns undefined if not all of it can be found and read.
 */
export function outgoingBetween(
  table: Batches,
  { contact, key, after, to, batches }: OutgoingRange,
): OutgoingEvents | undefined {
  const found: NumberedBatch[] = []
  let first = to + 1
  for (let last = batches[1]; last >= batches[0] && first > after + 1; last -= RUN) {
    const run = table.readWhatOpens(contact, Math.max(batches[0], last - RUN + 1), last).reverse()
    for (const { number, batch } of run) {
      if (batch?.direction !== 'outgoing' || batch.key !== key || batch.first > to || lastOf(batch) <= after) continue
      found.push({ number, batch })
      first = batch.first
    }
  }
  found.reverse()
  const events = found.flatMap(({ batch }) => {
    return batch.events.slice(Math.max(0, after + 1 - batch.first), to + 1 - batch.first)
  })
  return events.length === Math.max(0, to - after) ? { events, batches: found } : undefined
}

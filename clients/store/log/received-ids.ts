/**
 * The ids of what was received: for a contact who came back with a restored backup and sends again, in a new stream,
 * what lay in its outbox then.
 *
 * @module
 */
import { Event } from '#gen/sotto/peer/v1/record.ts'
import type { Batches } from '../rows/batches.ts'
import type { Contact } from '../rows/contacts.ts'

/** How many batches are read in one go. */
const RUN = 256

/**
 * Inside a transaction: the ids of all events that were received from a key, as {@link textOf} writes them. It reads
 * the whole conversation, some microseconds an event.
 */
export function receivedIds(batches: Batches, { id, state }: Contact, key: number): ReadonlySet<string> {
  const ids = new Set<string>()
  for (let first = 1; first <= state.lastBatch; first += RUN) {
    const run = batches.readWhatOpens(id, first, Math.min(state.lastBatch, first + RUN - 1))
    for (const { batch } of run) {
      if (batch?.direction !== 'incoming' || batch.key !== key) continue
      for (const event of batch.events) ids.add(textOf(Event.decode(event).eventId))
    }
  }
  return ids
}

/** An event id in a form that a Set compares by value. */
export function textOf(eventId: Uint8Array): string {
  return Buffer.from(eventId).toString('latin1')
}

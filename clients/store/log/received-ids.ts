/**
 * The ids of what was received: for a contact who came back with a restored backup and sends again, in a new stream,
 * what lay in its outbox then.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { decodeEvent } from '#lib/delivery/text-event.ts'
import type { Batches } from '../rows/batches.ts'
import type { Contact } from '../rows/contacts.ts'

/** How many batches are read in one go. */
const RUN = 256

/** The ids of all that was received from a key, read while the other side repeats what it sent, and let go then. */
export class ReceivedIds {
  readonly #batches: Batches
  readonly #key: number
  #ids: ReadonlySet<string> | undefined

  constructor(batches: Batches, key: number) {
    this.#batches = batches
    this.#key = key
  }

  /**
   * Inside a transaction: count the events that are known, from the first on. What the other side sends again comes before
   * anything new, because both lay in its outbox in the order of writing.
   */
  countRepeats(contact: Contact, events: readonly Event[]): number {
    this.#ids ??= this.#read(contact)
    const known = this.#ids
    const news = events.findIndex(({ eventId }) => !known.has(textOf(eventId)))
    if (news === -1) return events.length
    this.#ids = undefined
    return news
  }

  /** The whole conversation is read, some microseconds an event. */
  #read({ id, state }: Contact): ReadonlySet<string> {
    const ids = new Set<string>()
    for (let first = 1; first <= state.lastBatch; first += RUN) {
      const run = this.#batches.readWhatOpens(id, first, Math.min(state.lastBatch, first + RUN - 1))
      for (const { batch } of run) {
        if (batch?.direction !== 'incoming' || batch.key !== this.#key) continue
        for (const event of batch.events) ids.add(textOf(decodeEvent(event).eventId))
      }
    }
    return ids
  }
}

/** An event id in a form that a Set compares by value. */
function textOf(eventId: Uint8Array): string {
  return Buffer.from(eventId).toString('latin1')
}

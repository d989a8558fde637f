/**
 * The ids of what was received: for a contact who came back with a restored backup and sends again, in a new stream,
 * what lay in its outbox then.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { decodeEvent } from '#lib/delivery/text-event.ts'
import { mapKeyOf } from '#lib/map-key.ts'
import type { Batches } from '../rows/batches.ts'
import type { Contact } from '../rows/contacts.ts'

/** How many batches are read in one go. */
const RUN = 256

/**
 * How long what was read is kept, in milliseconds: whoever begins a new stream with something old, in one conversation after the
 * other, has the whole of theirs read no more often.
 */
const KEPT_MS = 60_000

/** The ids of all that was received from a key, read when the other side repeats what it sent. */
export class ReceivedIds {
  readonly #batches: Pick<Batches, 'readWhatOpens'>
  readonly #key: number
  readonly #ids = new Set<string>()
  /** The batch up to which they are read. */
  #through = 0
  #forgetting: NodeJS.Timeout | undefined

  constructor(batches: Pick<Batches, 'readWhatOpens'>, key: number) {
    this.#batches = batches
    this.#key = key
  }

  /**
   * Inside a transaction: count the events that are known, from the first on. What the other side sends again comes before
   * anything new, because both lay in its outbox in the order of writing.
   */
  countRepeats(contact: Contact, events: readonly Event[]): number {
    this.#read(contact)
    const news = events.findIndex(({ eventId }) => !this.#ids.has(mapKeyOf(eventId)))
    return news === -1 ? events.length : news
  }

  /** Read what is not read yet, some microseconds an event. */
  #read({ id, state }: Contact): void {
    this.#forgetting ??= setTimeout(() => this.#forget(), KEPT_MS).unref()
    while (this.#through < state.lastBatch) {
      const last = Math.min(state.lastBatch, this.#through + RUN)
      for (const { batch } of this.#batches.readWhatOpens(id, this.#through + 1, last)) {
        if (batch?.direction !== 'incoming' || batch.key !== this.#key) continue
        for (const event of batch.events) this.#ids.add(mapKeyOf(decodeEvent(event).eventId))
      }
      this.#through = last
    }
  }

  #forget(): void {
    this.#forgetting = undefined
    this.#ids.clear()
    this.#through = 0
  }
}

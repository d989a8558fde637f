/**
 * What receiving does to the state of a contact: events are put down in one step with the position of their stream.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { IncomingStream } from '#lib/delivery/incoming-stream.ts'
import { encodeEvent } from '#lib/delivery/text-event.ts'
import { type Batch, packed } from '../rows/batch.ts'
import type { ContactState, IncomingState, KeyState } from '../rows/contact-state.ts'
import type { TransferPlace } from '../rows/transfer-rows.ts'
import type { Appended } from './appending.ts'

/** Events that came, as they are to be put down. */
export interface Arrival {
  readonly place: TransferPlace
  readonly streamId: Uint8Array
  /** The position of the stream before them, as {@link positionIn} gave it. */
  readonly before: IncomingState
  /** All that came, in order; at least one. */
  readonly events: readonly Event[]
  /** How many of them, from the first on, are known from another stream. */
  readonly repeats: number
  readonly storedAtMs: number
  /** Whether they came by letter. */
  readonly isLetter: boolean
}

/** Receive events from a key. The result is those of them that are new. */
export function withReceived(
  contact: ContactState,
  key: KeyState,
  { place, streamId, before, events, repeats, storedAtMs, isLetter }: Arrival,
): Appended & { readonly result: readonly Event[] } {
  const news = events.slice(repeats)
  const batches: Batch[] = []
  let first = key.received + 1
  for (const run of packed(news.map(encodeEvent))) {
    const facts = { storedAt: new Date(storedAtMs), key: place.key, first, events: run }
    batches.push({ direction: 'incoming', ...facts, ...(isLetter && { isLetter }) })
    first += run.length
  }
  const incoming = {
    streamId,
    stored: before.stored + events.length,
    lastEventId: Uint8Array.from(events.at(-1)?.eventId ?? before.lastEventId),
    isRepeating: before.isRepeating && news.length === 0,
  }
  const unreadFrom = key.read === key.received ? contact.lastBatch + 1 : key.unreadFrom
  const received = { ...key, incoming, received: first - 1, unreadFrom, ...(isLetter && { isUnanswered: true }) }
  return { contact, key: received, batches, result: news }
}

/**
 * The position of a stream on the disk; of a stream that begins the disk knows nothing, or a former one of the same id.
 */
export function positionIn({ incoming, received }: KeyState, { streamId, stored }: IncomingStream): IncomingState {
  if (stored === 0n) return { streamId, stored: 0, lastEventId: new Uint8Array(0), isRepeating: received > 0 }
  if (incoming === undefined || BigInt(incoming.stored) !== stored) {
    throw new TypeError('the stream is not where the disk has it')
  }
  return incoming
}

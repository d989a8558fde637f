/**
 * What appending does to the state of a contact, and how what is left is numbered anew once the user has dropped some of
 * what waits.
 *
 * @module
 */
import { damaged } from '../disk/sqlite-errors.ts'
import { type Batch, packed } from '../rows/batch.ts'
import type { ContactState, KeyState } from '../rows/contact-state.ts'
import { countAfter, covers, withRange } from '../rows/ordinal-ranges.ts'
import type { TransferPlace } from '../rows/transfer-rows.ts'
import type { StoreFile } from '../store-file.ts'
import { outgoingBetween } from './outgoing-events.ts'

/** A contact after something was appended for one of its keys, and the batches that go with it. */
export interface Appended {
  readonly contact: ContactState
  readonly key: KeyState
  readonly batches: readonly Batch[]
}

/** Append events for a key, encoded, at least one. The result is the ordinal of the last. */
export function withEvents(
  contact: ContactState,
  key: KeyState,
  {
    place,
    events,
    storedAtMs,
  }: { readonly place: TransferPlace; readonly events: readonly Uint8Array[]; readonly storedAtMs: number },
): Appended & { readonly result: number } {
  const batches: Batch[] = []
  let first = key.outgoing.appended + 1
  for (const run of packed(events)) {
    batches.push({ direction: 'outgoing', storedAt: new Date(storedAtMs), key: place.key, first, events: run })
    first += run.length
  }
  const { acknowledged, appended } = key.outgoing
  const waitsFrom = acknowledged === appended ? contact.lastBatch + 1 : key.outgoing.waitsFrom
  const outgoing = { ...key.outgoing, appended: first - 1, waitsFrom }
  return { contact, key: { ...key, outgoing }, batches, result: first - 1 }
}

/** The key where all that there is may have reached the other side. */
export function allHandedOver(key: KeyState): KeyState {
  return { ...key, outgoing: { ...key.outgoing, handedOver: key.outgoing.appended } }
}

/** Whether the user has dropped some of what waits. */
export function hasDropped({ outgoing: { dropped, acknowledged } }: KeyState): boolean {
  return countAfter(dropped, acknowledged) > 0
}

/**
 * Number what is left anew, for a stream has no gaps: all that waited counts as dropped then, and what was not is appended
 * once more, with the same ids, in a stream of another id. What the other side has of it already it knows by these.
 *
 * @throws SottoError `ERR_STORE_DAMAGED` if what waits cannot be read.
 */
export function leaveDropped(
  file: StoreFile,
  {
    contact,
    key,
    place,
    streamId,
    storedAtMs,
  }: Pick<Appended, 'contact' | 'key'> & {
    readonly place: TransferPlace
    readonly streamId: Uint8Array
    readonly storedAtMs: number
  },
): Appended {
  const { acknowledged, appended, waitsFrom, dropped } = key.outgoing
  const waiting = outgoingBetween(file.batches, {
    contact: place.contactId,
    key: place.key,
    after: acknowledged,
    to: appended,
    batches: [waitsFrom, contact.lastBatch],
  })
  if (waiting === undefined) throw damaged('messages that wait are missing from the store')
  const events = waiting.events.filter((_event, index) => !covers(dropped, acknowledged + 1 + index))
  const outgoing = {
    ...key.outgoing,
    streamId,
    base: appended,
    acknowledged: appended,
    handedOver: appended,
    dropped: withRange(dropped, [acknowledged + 1, appended]),
    // What was dropped of the streams before must not be taken for lost by a side that knows one of them.
    former: [],
  }
  const left = { ...key, outgoing }
  return events.length === 0
    ? { contact, key: left, batches: [] }
    : withEvents(contact, left, { place, events, storedAtMs })
}

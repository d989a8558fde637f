/**
 * The streams with one identity key, in memory, and what of them is on the disk.
 *
 * In memory a stream knows sequence numbers and a queue; on the disk lie ordinals and batches (contact-state.ts). The
 * ordinal of the last event in the queue ties the two together.
 *
 * @module
 */
import { type IncomingPosition, IncomingStream } from '#lib/delivery/incoming-stream.ts'
import { OutgoingStream } from '#lib/delivery/outgoing-stream.ts'
import { StreamPair } from '#lib/delivery/stream-pair.ts'
import { decodeEvent } from '#lib/delivery/text-event.ts'
import { isSame } from '#lib/same-bytes.ts'
import { damaged } from '../disk/sqlite-errors.ts'
import { type Batch, lastOf } from '../rows/batch.ts'
import type { NumberedBatch } from '../rows/batches.ts'
import {
  type ContactState,
  type FormerStream,
  KEPT_STREAMS,
  type KeyState,
  type OutgoingState,
} from '../rows/contact-state.ts'
import type { Contact } from '../rows/contacts.ts'
import type { StoreFile } from '../store-file.ts'
import { outgoingBetween } from './outgoing-events.ts'

/** The events that other processes have appended since the last read. */
export interface Fresh {
  readonly lastBatch: number
  readonly batches: readonly NumberedBatch[]
}

/** The outgoing stream as the disk has it. The id is the same by reference for as long as it is the same stream. */
interface Saved {
  readonly streamId: Uint8Array
  readonly acknowledged: number
  readonly handedOver: number
}

export class LoadedStreams {
  readonly streams: StreamPair
  readonly #file: StoreFile
  readonly #contactId: number
  readonly #key: number
  /** The ordinal of the last event that is, or was, in the queue. */
  #through: number
  /** Every batch up to this number was looked through. */
  #lastBatch: number
  /** The batches in which the queue lies, the oldest first. */
  #waiting: NumberedBatch[]
  #saved: Saved

  /** Inside a transaction: load what the disk has. @throws SottoError `ERR_STORE_DAMAGED` if some of it is missing. */
  constructor(file: StoreFile, { id, state }: Contact, key: number) {
    const { outgoing, incoming } = state.keys[key] as KeyState
    const { base, acknowledged, handedOver, appended, streamId } = outgoing
    const waiting = outgoingBetween(file.batches, {
      contact: id,
      key,
      after: acknowledged,
      to: appended,
      batches: [outgoing.waitsFrom, state.lastBatch],
    })
    if (waiting === undefined) throw damaged('messages that wait are missing from the store')
    const position = { streamId, acknowledged: BigInt(acknowledged - base), sent: BigInt(handedOver - base) }
    this.streams = new StreamPair({
      outgoing: OutgoingStream.resume(position, waiting.events),
      incoming: incoming && IncomingStream.resume({ ...incoming, stored: BigInt(incoming.stored) }),
      recall: (known) => this.#recall(known),
    })
    this.#file = file
    this.#contactId = id
    this.#key = key
    this.#through = appended
    this.#lastBatch = state.lastBatch
    this.#waiting = waiting.batches
    this.#saved = { streamId, acknowledged, handedOver }
  }

  /** The ordinal up to which all is acknowledged. */
  get #acknowledged(): number {
    return this.#through - this.streams.outgoing.unacknowledged
  }

  /** The ordinal that comes before the first event of the outgoing stream. */
  get #base(): number {
    return this.#acknowledged - Number(this.streams.outgoing.acknowledged)
  }

  /** Whether memory knows what the disk does not. */
  get hasChanged(): boolean {
    const { outgoing } = this.streams
    const { acknowledged, handedOver } = this.#saved
    return this.isRenewed || this.#acknowledged !== acknowledged || this.#base + Number(outgoing.sent) > handedOver
  }

  /** Whether the outgoing stream goes on under an id that the disk does not know. */
  get isRenewed(): boolean {
    return this.streams.outgoing.streamId !== this.#saved.streamId
  }

  /**
   * The state of the key as the outgoing stream has it, where the disk has this one.
   *
   * @param said - How much of the queue counts as handed over where something of it is said: all unless set, which is as
   *   safe, and a burst is put down in one go; or what is said alone, where the rest may wait for long.
   */
  applyTo(key: KeyState, said: 'all' | 'exactly' = 'all'): KeyState {
    return { ...key, outgoing: this.#outgoingState(key.outgoing, said) }
  }

  #outgoingState(before: OutgoingState, said: 'all' | 'exactly'): OutgoingState {
    const { streamId, sent } = this.streams.outgoing
    const base = this.#base
    const { isRenewed } = this
    const handedOverBefore = isRenewed ? base : before.handedOver
    const saidThrough = base + Number(sent)
    const handedOverNow = said === 'all' ? this.#through : saidThrough
    const handedOver = saidThrough > handedOverBefore ? handedOverNow : handedOverBefore
    const acknowledged = this.#acknowledged
    while (this.#waiting[0] !== undefined && lastOf(this.#waiting[0].batch) <= acknowledged) this.#waiting.shift()
    const waitsFrom = this.#waiting[0]?.number ?? this.#lastBatch + 1
    const former = isRenewed ? formerWith(before) : before.former
    return { ...before, streamId, base, acknowledged, handedOver, waitsFrom, former }
  }

  /**
   * Inside a transaction: read what others have appended since the last look.
   *
   * @throws SottoError `ERR_STORE_DAMAGED` if it is not there.
   */
  readFresh({ id, state }: Contact): Fresh {
    const { lastBatch, keys } = state
    const { appended } = (keys[this.#key] as KeyState).outgoing
    const outgoing = outgoingBetween(this.#file.batches, {
      contact: id,
      key: this.#key,
      after: this.#through,
      to: appended,
      batches: [this.#lastBatch + 1, lastBatch],
    })
    if (outgoing === undefined) throw damaged('messages that wait are missing from the store')
    return { lastBatch, batches: outgoing.batches }
  }

  /** Put what others have appended into the queue: once, though it was read at two writings that are committed as one. */
  take({ lastBatch, batches }: Fresh): void {
    for (const batch of batches) if (batch.number > this.#lastBatch) this.#enqueue(batch)
    this.#lastBatch = lastBatch
  }

  /** Take note of what was just committed: the state, and the batches that went with it, if any. */
  note(state: ContactState, batches: readonly Batch[]): void {
    const first = state.lastBatch - batches.length + 1
    batches.forEach((batch, index) => {
      if (batch.direction === 'outgoing') this.#enqueue({ number: first + index, batch })
    })
    this.#lastBatch = state.lastBatch
    const { acknowledged, handedOver } = (state.keys[this.#key] as KeyState).outgoing
    this.#saved = { streamId: this.streams.outgoing.streamId, acknowledged, handedOver }
  }

  #enqueue(numbered: NumberedBatch): void {
    for (const event of numbered.batch.events) this.streams.outgoing.append(event)
    this.#through += numbered.batch.events.length
    this.#waiting.push(numbered)
  }

  /**
   * The events that a contact has lost who still has this one as its last: all that followed it and were acknowledged.
   * None if they cannot be told or read, or if the event has another id.
   */
  #recall({ streamId, stored, lastEventId }: IncomingPosition): readonly Uint8Array[] {
    return this.#file.read(() => {
      const contact = this.#file.contacts.get(this.#contactId)
      if (contact === undefined) return []
      const { outgoing } = contact.state.keys[this.#key] as KeyState
      const stream = [outgoing, ...outgoing.former].find((known) => isSame(known.streamId, streamId))
      if (stream === undefined || stream.base + Number(stored) > stream.handedOver) return []
      const found = outgoingBetween(this.#file.batches, {
        contact: contact.id,
        key: this.#key,
        after: stream.base + Number(stored) - 1,
        to: this.#acknowledged,
        batches: [1, this.#waiting[0]?.number ?? contact.state.lastBatch],
      })
      const [last, ...lost] = found?.events ?? []
      if (last === undefined || !isSame(decodeEvent(last).eventId, lastEventId)) return []
      const [oldest] = this.#waiting
      this.#waiting.unshift(...(found?.batches ?? []).filter(({ number }) => number !== oldest?.number))
      return lost
    })
  }
}

/**
 * The streams that were replaced, with one more; a stream of which nothing was sent is known to nobody, and left out.
 */
function formerWith({ former, streamId, base, handedOver }: OutgoingState): readonly FormerStream[] {
  return base === handedOver ? former : [...former, { streamId, base, handedOver }].slice(-KEPT_STREAMS)
}

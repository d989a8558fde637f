/**
 * The stream of the other side: in order, without gaps, each event once.
 *
 * Two marks move through a stream. `received` is the last event taken in; `stored` follows it as the owner reports
 * stored events, and only those are acknowledged. After a cut the writer may send the events between the two again;
 * those that were received already are dropped (docs/protocol.md, section 6).
 *
 * @module
 */
import type { Event, Part, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '../errors.ts'
import { isSame } from '../same-bytes.ts'
import { parseEvent } from './event.ts'
import { MAX_EVENT_BYTES } from './limits.ts'

/** The position in an incoming stream: it is kept between two runs of the program, and said in a Resume. */
export interface IncomingPosition {
  readonly streamId: Uint8Array
  /** The number up to which all is stored; 0 for none. */
  readonly stored: bigint
  /** The id of the event that has this number; empty for none. */
  readonly lastEventId: Uint8Array
}

const NO_PIECES = Buffer.alloc(0)

export class IncomingStream {
  readonly streamId: Uint8Array
  #stored = 0n
  #read = 0n
  /**
   * The ids of the last event stored and of those received since, in order: `#ids[i]` has the number `#stored + i`,
   * the first being empty in a stream where nothing is stored yet.
   */
  readonly #ids: Uint8Array[] = [new Uint8Array(0)]
  /** The event that comes in pieces at the moment: so many bytes of it are here. And its number. */
  #pieces = NO_PIECES
  #piecesBytes = 0
  #piecesSequence = 0n
  #isForked = false

  constructor(streamId: Uint8Array) {
    this.streamId = streamId
  }

  /** Take up a stream where an earlier run of the program left it. */
  static resume({ streamId, stored, lastEventId }: IncomingPosition): IncomingStream {
    const stream = new IncomingStream(streamId)
    stream.#stored = stored
    stream.#ids[0] = lastEventId
    return stream
  }

  /** The number of the last event taken in; 0 for none. */
  get received(): bigint {
    return this.#stored + BigInt(this.#ids.length - 1)
  }

  /** The number up to which all is stored, and may be acknowledged; 0 for none. */
  get stored(): bigint {
    return this.#stored
  }

  /** The number up to which this side's user has seen all, as far as that may be sent; 0 for none. */
  get read(): bigint {
    return this.#read
  }

  /**
   * Note that this side's user has seen all up to a number, and that it may be sent. It never goes back.
   *
   * @throws TypeError if that is more than is stored.
   */
  markRead(sequence: bigint): void {
    if (sequence > this.#stored) throw new TypeError('more is read than is stored')
    if (sequence > this.#read) this.#read = sequence
  }

  /** Note that nothing may be sent of it, from the beginning. What was sent cannot be taken back. */
  forgetRead(): void {
    this.#read = 0n
  }

  /** The id of the event with the number {@link stored}; empty for none. */
  get lastStoredEventId(): Uint8Array {
    return this.#ids[0] as Uint8Array
  }

  /** Whether the writer has said something else under a number that was received: what follows is no continuation. */
  get isForked(): boolean {
    return this.#isForked
  }

  /**
   * Take in what a record carries.
   *
   * @returns The events that are new, in order; none while one comes in pieces.
   * @throws SottoError `ERR_RECORD_MALFORMED` if a number was left out, or pieces do not belong together;
   *   `ERR_STREAM_RENEWED` if a seen number comes with another event. The writer has got a restored backup back, so the
   *   stream is left for good ({@link isForked}).
   */
  accept({ firstSequence, events, piece }: RecordBody): Event[] {
    if (piece?.$case === 'part') return this.#acceptPart(firstSequence, piece.value)
    if (events.length === 0) return []
    this.#leavePieces()
    if (firstSequence > this.received + 1n) throw malformed('events were left out')
    // As a rule nothing is a repeat.
    if (firstSequence === this.received + 1n) {
      for (const { eventId } of events) this.#ids.push(eventId)
      return events
    }
    return events.filter((event, index) => this.#isNew(firstSequence + BigInt(index), event))
  }

  /**
   * Take in what a letter carries. Unlike a record it may have come late, twice, or before its time, so that it ends
   * nothing: it adds to the stream what goes on from there, or nothing.
   *
   * @param firstSequence - The number of the first event.
   * @param events - At least one.
   * @returns The events that are new, in order; undefined if events before them are missing, or if the stream has another
   *   event under a number.
   */
  acceptLetter(firstSequence: bigint, events: readonly Event[]): readonly Event[] | undefined {
    if (firstSequence > this.received + 1n) return undefined
    for (const [index, id] of this.#ids.entries()) {
      const known = events[Number(this.#stored - firstSequence) + index]
      if (known !== undefined && id.length > 0 && !isSame(known.eventId, id)) return undefined
    }
    const fresh = events.slice(Number(this.received + 1n - firstSequence))
    for (const { eventId } of fresh) this.#ids.push(eventId)
    return fresh
  }

  #acceptPart(sequence: bigint, { offset, data, last }: Part): Event[] {
    if (sequence !== this.#piecesSequence) this.#leavePieces()
    if (sequence > this.received + 1n) throw malformed('events were left out')
    if (offset !== this.#piecesBytes) throw malformed('a piece of an event is not where it belongs')
    this.#piecesSequence = sequence
    this.#addPiece(data)
    if (!last) return []
    const event = parseEvent(this.#pieces.subarray(0, this.#piecesBytes))
    this.forgetPieces()
    return this.#isNew(sequence, event) ? [event] : []
  }

  /** Copied, for a buffer to each piece would be a hundred times as large where they have a byte each. */
  #addPiece(data: Uint8Array): void {
    const length = this.#piecesBytes + data.length
    if (length > this.#pieces.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(MAX_EVENT_BYTES, Math.max(2 * this.#pieces.length, length)))
      larger.set(this.#pieces.subarray(0, this.#piecesBytes))
      this.#pieces = larger
    }
    this.#pieces.set(data, this.#piecesBytes)
    this.#piecesBytes = length
  }

  /** Turn from the event in pieces to another. Only one that was received before may be broken off: its acknowledgement
   * can reach the writer while it is being said again. */
  #leavePieces(): void {
    if (this.#piecesBytes > 0 && this.#piecesSequence > this.received) throw malformed('an event was broken off')
    this.forgetPieces()
  }

  /** Note an event; false if it was received before. */
  #isNew(sequence: bigint, { eventId }: Event): boolean {
    if (sequence > this.received) {
      this.#ids.push(eventId)
      return true
    }
    const known = sequence >= this.#stored ? this.#ids[Number(sequence - this.#stored)] : undefined
    if (known !== undefined && !isSame(known, eventId)) {
      this.#isForked = true
      throw new SottoError('ERR_STREAM_RENEWED', 'a number comes again with another event')
    }
    return false
  }

  /**
   * Note that the oldest events not yet stored are.
   *
   * @param count - How many.
   * @throws TypeError if fewer were received.
   */
  markStored(count: number): void {
    if (count > this.#ids.length - 1) throw new TypeError('more is stored than was received')
    this.#ids.splice(0, count)
    // Not a window into a record: this id may stay for long.
    this.#ids[0] = Uint8Array.from(this.lastStoredEventId)
    this.#stored += BigInt(count)
  }

  /**
   * Forget received events that nobody will store, because their conversation has ended. The writer sends them again in
   * the next one. Without this they would be dropped as repeats, and later ones stored in their places.
   *
   * @param kept - How many of the oldest unstored events are still being stored.
   */
  forgetUnstored(kept = 0): void {
    this.#ids.length = Math.min(this.#ids.length, 1 + kept)
  }

  /** A conversation begins, or ends: what one leaves in pieces is said again from its first byte. */
  forgetPieces(): void {
    this.#pieces = NO_PIECES
    this.#piecesBytes = 0
    this.#piecesSequence = 0n
  }
}

function malformed(message: string): SottoError {
  return new SottoError('ERR_RECORD_MALFORMED', message)
}

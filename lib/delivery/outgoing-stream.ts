/**
 * The stream of this side: events numbered from 1 within a stream id, kept until they are acknowledged.
 *
 * A stream outlives the conversations that carry it. After a cut the next conversation continues after the last
 * acknowledgement. If the two ends no longer agree on it, the stream gets a new id and the waiting events are numbered
 * from 1 again, so that nothing is dropped in silence (docs/protocol.md, section 6).
 *
 *     1 … acknowledged │ acknowledged + 1 … position │ position + 1 … last
 *        forgotten      │   sent, may have to be sent again   │     waiting
 *
 * @module
 */
import { SottoError } from '../errors.ts'
import { isSame } from '../same-bytes.ts'
import type { IncomingPosition } from './incoming-stream.ts'
import { EVENT_ROOM_BYTES, MAX_PART_DATA_BYTES, STREAM_ID_BYTES } from './limits.ts'
import { type EventBatch, type EventPiece, eventCost } from './record-body.ts'
import { decodeEvent } from './text-event.ts'

/** The position in an outgoing stream, as its owner keeps it between two runs of the program. */
export interface OutgoingPosition {
  readonly streamId: Uint8Array
  /** The number up to which all is acknowledged; 0 for none. */
  readonly acknowledged: bigint
  /**
   * The bound on what can be acknowledged: at least the highest number ever sent, and no more than had been kept when
   * this was.
   */
  readonly sent: bigint
}

export class OutgoingStream {
  #streamId: Uint8Array
  /** Encoded events, the oldest unacknowledged first: `#queue[i]` has the number `#acknowledged + 1 + i`. */
  #queue: Uint8Array[] = []
  #acknowledged = 0n
  /** The highest number said whole in any conversation. Nobody can acknowledge more. */
  #sent = 0n
  /** How many events of the queue the current conversation has said whole. */
  #cursor = 0
  /** How many bytes of `#queue[#cursor]` it has said in pieces. */
  #offset = 0
  #position = 0n

  /** @param streamId - {@link STREAM_ID_BYTES} random bytes, never used before. */
  constructor(streamId: Uint8Array) {
    this.#streamId = checkedId(streamId)
  }

  /**
   * Take up a stream where an earlier run of the program left it.
   *
   * @param waiting - The encoded events that are not acknowledged, in order: all of them, said or not.
   * @throws TypeError if more was said than there is.
   */
  static resume({ streamId, acknowledged, sent }: OutgoingPosition, waiting: Iterable<Uint8Array>): OutgoingStream {
    const stream = new OutgoingStream(streamId)
    for (const event of waiting) stream.append(event)
    if (sent < acknowledged || sent > acknowledged + BigInt(stream.unacknowledged)) {
      throw new TypeError('what was said of a stream is not what waits of it')
    }
    stream.#acknowledged = acknowledged
    stream.#sent = sent
    return stream
  }

  get streamId(): Uint8Array {
    return this.#streamId
  }

  /** The number up to which all is acknowledged; 0 for none. */
  get acknowledged(): bigint {
    return this.#acknowledged
  }

  /** The highest number that was said whole, in whatever conversation; 0 for none. */
  get sent(): bigint {
    return this.#sent
  }

  /** How many events wait for their acknowledgement, said or not. */
  get unacknowledged(): number {
    return this.#queue.length
  }

  /**
   * The highest number of an event that the current conversation has sent whole, 0 for none: a Close names it. Events
   * of earlier conversations do not count: until its Resume is here, nobody knows whether the other side still has
   * them.
   */
  get position(): bigint {
    return this.#position
  }

  /** Whether no event of this stream was ever said: then nobody can disagree about where it stands. */
  get isUnsaid(): boolean {
    return this.#acknowledged === 0n && this.#sent === 0n
  }

  /** Add an event at the end. The bytes are kept, not copied. */
  append(encodedEvent: Uint8Array): void {
    this.#queue.push(encodedEvent)
  }

  /**
   * Take what the next record is to carry: as many whole events as fit, or the next piece of one that does not.
   *
   * @returns Undefined if all was said.
   */
  take(): EventBatch | EventPiece | undefined {
    const next = this.#queue[this.#cursor]
    if (next === undefined) return undefined
    return eventCost(next) > EVENT_ROOM_BYTES ? this.#takePiece(next) : this.#takeBatch()
  }

  #takeBatch(): EventBatch {
    const start = this.#cursor
    let room = EVENT_ROOM_BYTES
    let end = start
    for (let event = this.#queue[end]; event !== undefined; event = this.#queue[end]) {
      room -= eventCost(event)
      if (room < 0) break
      end += 1
    }
    const firstSequence = this.#sequence + 1n
    this.#moveTo(end)
    return { firstSequence, events: this.#queue.slice(start, end) }
  }

  #takePiece(event: Uint8Array): EventPiece {
    const firstSequence = this.#sequence + 1n
    const offset = this.#offset
    const data = Buffer.from(event.subarray(offset, offset + MAX_PART_DATA_BYTES))
    this.#offset = offset + data.length
    const last = this.#offset === event.length
    if (last) this.#moveTo(this.#cursor + 1)
    return { firstSequence, part: { offset, data, last } }
  }

  #moveTo(cursor: number): void {
    this.#cursor = cursor
    this.#offset = 0
    this.#position = this.#sequence
    if (this.#position > this.#sent) this.#sent = this.#position
  }

  /** The number of the event before the next. */
  get #sequence(): bigint {
    return this.#acknowledged + BigInt(this.#cursor)
  }

  /** What waits behind a number, encoded, in order. @param sequence - No less than {@link acknowledged}. */
  behind(sequence: bigint): readonly Uint8Array[] {
    return this.#queue.slice(Number(sequence - this.#acknowledged))
  }

  /**
   * Note that events were said by another way than a conversation: a letter.
   *
   * @param sequence - Of the last of them.
   * @throws TypeError if there is no such event.
   */
  markSaid(sequence: bigint): void {
    if (sequence > this.#acknowledged + BigInt(this.#queue.length)) throw new TypeError('more is said than there is')
    if (sequence > this.#sent) this.#sent = sequence
  }

  /**
   * Forget what the other side has stored.
   *
   * @param sequence - Cumulative; one that was passed already changes nothing.
   * @returns How many events this acknowledges for the first time.
   * @throws SottoError `ERR_RECORD_MALFORMED` if it is more than was ever said.
   */
  acknowledge(sequence: bigint): number {
    if (sequence > this.#sent) throw new SottoError('ERR_RECORD_MALFORMED', 'more is acknowledged than was said')
    if (sequence <= this.#acknowledged) return 0
    const count = Number(sequence - this.#acknowledged)
    this.#queue.splice(0, count)
    this.#acknowledged = sequence
    // Said in an earlier conversation and stored since: this one skips it.
    if (this.#cursor < count) this.#offset = 0
    this.#cursor = Math.max(0, this.#cursor - count)
    return count
  }

  /** Begin a conversation: send again, from the first, what is not acknowledged. */
  rewind(): void {
    this.#cursor = 0
    this.#offset = 0
    this.#position = 0n
  }

  /**
   * Whether the other side's position in this stream agrees with ours.
   *
   * It does not if either end has lost its profile or restored an old one: then the other side does not know the
   * stream, has stored more than was sent, less than it had acknowledged, or another event than the one sent with this
   * number.
   */
  agreesWith({ streamId, stored, lastEventId }: IncomingPosition): boolean {
    if (!isSame(streamId, this.#streamId)) return false
    if (stored < this.#acknowledged || stored > this.#sent) return false
    const last = this.#queue[Number(stored - this.#acknowledged) - 1]
    return last === undefined || isSame(decodeEvent(last).eventId, lastEventId)
  }

  /**
   * Go on under a new id: what waits is numbered from 1 again.
   *
   * @param streamId - {@link STREAM_ID_BYTES} random bytes, never used before.
   * @param lost - Encoded events that were acknowledged before those that wait, and that the other side has lost since.
   */
  renew(streamId: Uint8Array, lost: readonly Uint8Array[] = []): void {
    this.#streamId = checkedId(streamId)
    this.#queue = [...lost, ...this.#queue]
    this.#acknowledged = 0n
    this.#sent = 0n
    this.rewind()
  }
}

function checkedId(streamId: Uint8Array): Uint8Array {
  if (streamId.length !== STREAM_ID_BYTES) throw new TypeError(`a stream id is ${STREAM_ID_BYTES} bytes`)
  return streamId
}

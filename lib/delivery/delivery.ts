/**
 * Delivery within one conversation: decides the content of the next record, and the meaning of each record that came.
 *
 * It holds no socket and no clock. The owner asks {@link Delivery.next} for plaintexts until there is none, hands every
 * plaintext that came to {@link Delivery.receive}, and reports stored events to the incoming stream with `markStored`.
 * Whenever the link takes more, `next` packs everything queued since into one record, and one acknowledgement covers
 * everything stored: a burst costs few records, and a single message waits for nothing.
 *
 *     opener                          host
 *     Resume (and events, 1)  ──▶
 *                             ◀──     Resume, events
 *     events, acknowledged    ◀─▶     events, acknowledged
 *     Close                   ◀─▶     Close
 *
 * A side that does not want to talk says Close in place of Resume.
 *
 * (1) Only in a stream that was never used. In any other, the opener first hears up to where the host has stored it.
 *
 * @module
 */
import type {
  Close,
  CloseReason,
  Event,
  FileChunk,
  FileProgress,
  RecordBody,
  Resume,
} from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '../errors.ts'
import type { FileLane } from './file-lane.ts'
import { IncomingStream } from './incoming-stream.ts'
import { encodeRecordBody, type RecordContent, type RecordExtras } from './record-body.ts'
import type { StreamPair } from './stream-pair.ts'

export interface DeliveryOptions {
  /** Whether this side opened the conversation, and therefore says Resume first. */
  readonly opener: boolean
  readonly streams: StreamPair
  /** Draws a stream id: 16 random bytes. */
  readonly drawStreamId: () => Uint8Array
  /** The lane for files, if files can be sent and received. */
  readonly files?: FileLane
}

/** The content of one received record. */
export interface Received {
  /** New events, in order. Report them with {@link IncomingStream.markStored} once they are safe. */
  readonly events: readonly Event[]
  /** How many of this side's events it acknowledged, oldest first. */
  readonly acknowledged: number
  /** The other side's goodbye: it says nothing after it. */
  readonly close: Close | undefined
  /** Whether somebody is writing at the other side; undefined where it says nothing of it. */
  readonly typing: boolean | undefined
  /** The number up to which the other side's user has seen this side's events; undefined where it says nothing new. */
  readonly read: bigint | undefined
  readonly chunk: FileChunk | undefined
  readonly progress: FileProgress | undefined
}

const NOTHING: Received = {
  events: [],
  acknowledged: 0,
  close: undefined,
  typing: undefined,
  read: undefined,
  chunk: undefined,
  progress: undefined,
}

export class Delivery {
  readonly #opener: boolean
  readonly #streams: StreamPair
  readonly #drawStreamId: () => Uint8Array
  readonly #files: FileLane | undefined
  /** The incoming stream, once the other side's Resume has come. */
  #incoming: IncomingStream | undefined
  /**
   * The position in the incoming stream that this side's Resume reported; undefined before it, and if it knows of no
   * stream.
   */
  #lastReported: IncomingStream | undefined
  /** Whether this side drops the other side's events in this conversation, so that they are sent again. */
  #isLeft = false
  #resumeSent = false
  /** The number up to which the other side was told that its stream is stored. */
  #acknowledgementSent = 0n
  /** The number up to which it was told that this side's user has seen its stream. */
  #readSent = 0n
  /** The typing report that is to be sent, if any. */
  #typing: boolean | undefined
  #closing: CloseReason | undefined
  #closeSent = false
  #closeReceived = false

  constructor({ opener, streams, drawStreamId, files }: DeliveryOptions) {
    this.#opener = opener
    this.#streams = streams
    this.#drawStreamId = drawStreamId
    this.#files = files
    streams.outgoing.rewind()
  }

  /** Whether both sides have said where they stand. */
  get isResumed(): boolean {
    return this.#resumeSent && this.#incoming !== undefined
  }

  /** Whether this side has said its last. */
  get isCloseSent(): boolean {
    return this.#closeSent
  }

  /** Say nothing more but one last acknowledgement and a Close. The first reason given stands. */
  close(reason: CloseReason): void {
    this.#closing ??= reason
  }

  /** Say that somebody is writing here, or has stopped. Lost where there is a cut, for it is not kept. */
  sendTyping(isActive: boolean): void {
    this.#typing = isActive
  }

  /**
   * The next record to send.
   *
   * @returns The plaintext of one record, at most 65,519 bytes; undefined if there is nothing to say until something
   *   is appended, stored, seen, received or closed, or the lane of files has more.
   */
  next(): Uint8Array | undefined {
    if (this.#closeSent) return undefined
    if (this.#closing !== undefined) return this.#encodeClose(this.#closing)
    if (!this.#resumeSent) return this.#opener || this.#incoming ? this.#encodeResume() : undefined
    const extras = { ...this.#acknowledgement(), ...this.#readNews(), ...this.#typingNews(), ...this.#progress() }
    const content = this.#content()
    if (content === undefined && Object.keys(extras).length === 0) return undefined
    return encodeRecordBody(content, extras)
  }

  #encodeResume(): Uint8Array {
    const { outgoing, known } = this.#streams
    const lastReported = this.#incoming === undefined || this.#isLeft ? known : this.#incoming
    this.#resumeSent = true
    this.#lastReported = lastReported
    this.#acknowledgementSent = lastReported?.stored ?? 0n
    const resume = this.#streams.resume(lastReported)
    const content = this.#maySendEvents() ? outgoing.take() : undefined
    return encodeRecordBody(content, { control: { $case: 'resume', value: resume } })
  }

  #encodeClose(reason: CloseReason): Uint8Array {
    this.#closeSent = true
    const close: Close = { reason, lastSequence: this.#resumeSent ? this.#streams.outgoing.position : 0n }
    return encodeRecordBody(undefined, { ...this.#acknowledgement(), control: { $case: 'close', value: close } })
  }

  #acknowledgement(): RecordExtras {
    if (!this.#resumeSent) return {}
    const stored = this.#incoming?.stored ?? 0n
    if (stored <= this.#acknowledgementSent) return {}
    this.#acknowledgementSent = stored
    return { acknowledged: stored }
  }

  #typingNews(): RecordExtras {
    const active = this.#typing
    this.#typing = undefined
    return active === undefined ? {} : { control: { $case: 'typing', value: { active } } }
  }

  #readNews(): RecordExtras {
    const read = this.#incoming?.read ?? 0n
    if (read <= this.#readSent) return {}
    this.#readSent = read
    return { read }
  }

  #progress(): RecordExtras {
    const progress = this.isResumed && !this.#closeReceived ? this.#files?.nextProgress() : undefined
    return progress === undefined ? {} : { progress }
  }

  /** The content for the next record: events go before pieces of a file. */
  #content(): RecordContent | undefined {
    const events = this.#maySendEvents() ? this.#streams.outgoing.take() : undefined
    if (events !== undefined || !this.isResumed || this.#closeReceived) return events
    const chunk = this.#files?.nextChunk()
    return chunk && { chunk }
  }

  #maySendEvents(): boolean {
    return !this.#closeReceived && (this.#incoming !== undefined || this.#streams.outgoing.isUnsaid)
  }

  /**
   * Take in the plaintext of a record, parsed.
   *
   * @throws SottoError `ERR_RECORD_MALFORMED` if it breaks a rule of the conversation or of its stream;
   *   `ERR_STREAM_RENEWED` if the other side disagrees about this side's stream, which has a new id now, or sends
   *   another event than before under a number. The opener is to close and open again.
   */
  receive(body: RecordBody): Received {
    if (this.#closeReceived) throw malformed('a record came after the Close')
    if (this.#incoming === undefined && isBareClose(body)) {
      this.#closeReceived = true
      return { ...NOTHING, close: body.control.value }
    }
    const resume = body.control?.$case === 'resume' ? body.control.value : undefined
    if ((resume !== undefined) !== (this.#incoming === undefined)) {
      throw malformed('Resume belongs in the first record, and only there')
    }
    const resumed = resume === undefined ? 0 : this.#receiveResume(resume)
    const incoming = this.#incoming as IncomingStream
    // Nobody stores what is dropped, so it is not taken in either: its ids would stay for as long as more of it comes.
    const events = this.#isLeft ? [] : incoming.accept(body)
    const acknowledged = resumed + this.#streams.outgoing.acknowledge(body.acknowledged)
    const read = this.#receiveRead(body.read)
    const close = body.control?.$case === 'close' ? body.control.value : undefined
    if (close !== undefined) this.#receiveClose(close, incoming)
    const typing = body.control?.$case === 'typing' ? body.control.value.active : undefined
    const chunk = body.piece?.$case === 'fileChunk' ? body.piece.value : undefined
    return { events, acknowledged, close, typing, read, chunk, progress: body.fileProgress }
  }

  #receiveRead(read: bigint): bigint | undefined {
    if (read > this.#streams.outgoing.acknowledged) throw malformed('more is read than is acknowledged')
    return read > 0n ? read : undefined
  }

  /** Agree on where this side's stream goes on. Returns how many events that acknowledges. */
  #receiveResume(resume: Resume): number {
    const { streamId, peerStreamId, peerAcknowledged, peerLastEventId } = resume
    const { outgoing } = this.#streams
    const incoming = this.#streams.receive(streamId, { isAnswer: this.#resumeSent })
    this.#isLeft = incoming === undefined
    this.#incoming = incoming ?? new IncomingStream(Uint8Array.from(streamId))
    // What this side's Resume said was of another stream.
    if (this.#incoming !== this.#lastReported) this.#acknowledgementSent = 0n
    const known = { streamId: peerStreamId, stored: peerAcknowledged, lastEventId: peerLastEventId }
    if (outgoing.agreesWith(known)) return outgoing.acknowledge(peerAcknowledged)
    // The host has not said its stream's id yet; the opener has, and an id is said only once in a conversation.
    if (!this.#opener && !this.#resumeSent) {
      const isNewToBoth = outgoing.isUnsaid && peerStreamId.length === 0
      if (!isNewToBoth) this.#streams.renew(this.#drawStreamId(), known)
      return 0
    }
    this.#streams.renew(this.#drawStreamId(), known)
    throw new SottoError('ERR_STREAM_RENEWED', 'the other end does not know this stream as it was left')
  }

  #receiveClose({ lastSequence }: Close, incoming: IncomingStream): void {
    if (!this.#isLeft && lastSequence > incoming.received) throw malformed('the Close counts events that never came')
    this.#closeReceived = true
  }
}

/** A Close that is all a side has to say. */
function isBareClose(body: RecordBody): body is RecordBody & { control: { $case: 'close'; value: Close } } {
  const isAlone = body.firstSequence === 0n && body.acknowledged === 0n && body.read === 0n
  return body.control?.$case === 'close' && body.control.value.lastSequence === 0n && isAlone
}

function malformed(message: string): SottoError {
  return new SottoError('ERR_RECORD_MALFORMED', message)
}

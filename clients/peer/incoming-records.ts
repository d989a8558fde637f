/**
 * What comes over the link of a conversation: records that came together are opened and taken in together.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { CloseReason, Event, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import type { RenewingChannel } from '#lib/channel/renewing-channel.ts'
import type { Delivery } from '#lib/delivery/delivery.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import { SottoError } from '#lib/errors.ts'
import { release } from '#lib/release.ts'
import type { FileTransfers } from '../files/transit/file-transfers.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { RecordTrace } from '../trace/record-trace.ts'
import type { RecordLink } from './record-link.ts'

/** The bytes of records after which a step takes no more: some 10 ms of this process, in which nobody else is served. */
const MAX_STEP_BYTES = 512 * 1024

/** The size from which a record counts as full, in bytes: whoever has that much to say has more. */
const FULL_RECORD_BYTES = 48 * 1024

/** The streams of a conversation, as what comes moves them. */
export interface ReceivingStreams {
  /** The bytes of files; undefined where none flow. */
  readonly files?: FileTransfers | undefined
  /** The streams have moved: called before a record leaves that was taken from them, and after some came. */
  save(): void
  /** The other side's user has seen this side's stream up to this number. */
  onRead(sequence: bigint): void
  /**
   * Make events safe that were just taken from records, in the same turn. They are stored when this returns.
   *
   * @param show - Told those that are new to the user.
   */
  keep(events: readonly Event[], show: (events: readonly Event[]) => void): void
}

export interface IncomingRecordsOptions {
  readonly peerName: string
  readonly channel: RenewingChannel
  readonly clock: ServerClock
  readonly link: RecordLink
  readonly delivery: Delivery
  readonly streams: ReceivingStreams
  readonly deliver: (peerName: string, events: readonly Event[]) => void
  readonly onTyping?: ((peerName: string, isActive: boolean) => void) | undefined
  readonly trace: RecordTrace
  /** The other side has said where it stands. */
  readonly onResumed: () => void
  /** A record was the channel's own. */
  readonly onChannelMoved: () => void
  /** The other side has said Close: answer it. */
  readonly onClose: (reason: CloseReason) => Promise<void>
  /** There may be something to say. */
  readonly wake: () => void
  /** Whether the conversation has ended: nothing more is taken. */
  readonly isSettled: () => boolean
  /** Whether what comes can no longer be acknowledged. */
  readonly isClosing: () => boolean
}

export class IncomingRecords {
  readonly #options: IncomingRecordsOptions
  /** Events that were taken from records in this turn, and are not stored yet. */
  #unkept: Event[] = []
  /** Whether a record came in this turn, and what it moved is not put down yet; and the last number that was read. */
  #isUnsaved = false
  #unsavedRead: bigint | undefined
  /** Whether the step that is under way has stored events. */
  #hasStored = false

  constructor(options: IncomingRecordsOptions) {
    this.#options = options
  }

  /**
   * Take in what comes until the other side has said Close, or the conversation has ended.
   *
   * @param first - A record that was opened already.
   * @throws whatever the link, the channel or a record gives; `ERR_CHANNEL_CUT` if the stream ends without a Close;
   *   `ERR_STORE` and the like if what came cannot be kept.
   */
  async takeAll(first: RecordBody | undefined): Promise<void> {
    let isOver = first !== undefined && (await this.#take([first]))
    // Each step by itself, as who waits here for days is not to hold the record that came last.
    while (!isOver) {
      this.#hasStored = false
      isOver = await this.#takeNext()
      // Otherwise one who says much keeps everything else from its turn. Pieces of files wait for their disk by themselves.
      if (this.#hasStored) await setImmediate()
    }
  }

  /** Take in what comes next. @returns whether it is the end. */
  async #takeNext(): Promise<boolean> {
    const record = await this.#nextRecord()
    return this.#options.isSettled() || (await this.#take(this.#open(record)))
  }

  async #nextRecord(): Promise<Uint8Array> {
    const { channel, clock, link } = this.#options
    channel.listen(clock.local.monotonicMs())
    const record = await link.next()
    if (record === undefined) throw new SottoError('ERR_CHANNEL_CUT', 'the stream ended without a Close')
    return record
  }

  /** Open a record, and those that have come behind it, or are just about to. */
  async *#open(first: Uint8Array): AsyncGenerator<RecordBody, void, void> {
    const { channel, trace, isSettled } = this.#options
    let record: Uint8Array | undefined = first
    for (let bytes = 0; record !== undefined && !isSettled(); ) {
      const length: number = record.length
      const plaintext = channel.open(record)
      const body = parseRecordBody(plaintext)
      trace.tell(() => body, record)
      release(record)
      // A piece of a file is a copy; what else there is may be a view.
      if (body.piece?.$case === 'fileChunk' && body.events.length === 0) release(plaintext)
      yield body
      bytes += length
      record = bytes < MAX_STEP_BYTES ? await this.#behind(length) : undefined
    }
  }

  /** The record behind one of so many bytes, if it is here; behind a full one with events there is more, which is worth a turn. */
  async #behind(length: number): Promise<Uint8Array | undefined> {
    const { link, isSettled } = this.#options
    const ready = link.ready()
    if (ready !== undefined || length < FULL_RECORD_BYTES || this.#unkept.length === 0) return ready
    await setImmediate()
    return isSettled() ? undefined : link.ready()
  }

  /**
   * Take in records. What those have moved that came together is put down, and their events are stored, in one step:
   * however small somebody makes their records, the disk is waited for once a turn.
   *
   * @returns whether the other side's last was among them.
   */
  async #take(bodies: Iterable<RecordBody> | AsyncIterable<RecordBody>): Promise<boolean> {
    try {
      for await (const body of bodies) {
        if (this.#options.isSettled() || (await this.#takeOne(body))) return true
      }
      return false
    } finally {
      this.#keep()
    }
  }

  /** Take in a record. @returns whether it was the other side's last. */
  async #takeOne(body: RecordBody): Promise<boolean> {
    const { channel, clock, streams, delivery, onTyping, peerName } = this.#options
    if (channel.receive(body, clock.clocks())) {
      this.#options.onChannelMoved()
      return false
    }
    const { events, chunk, progress, close, typing, read } = delivery.receive(body)
    if (delivery.isResumed) this.#options.onResumed()
    // What came before this record is told of before, and waits for no disk of a file.
    if (typing !== undefined || chunk !== undefined) this.#keep()
    this.#unkept = this.#unkept.length === 0 ? [...events] : this.#unkept.concat(events)
    this.#isUnsaved = true
    this.#unsavedRead = read ?? this.#unsavedRead
    if (typing !== undefined) onTyping?.(peerName, typing)
    this.#options.wake()
    if (progress !== undefined) streams.files?.receiveProgress(progress)
    // Where much waits for the disk, nothing more is taken from the link.
    if (chunk !== undefined) await streams.files?.receiveChunk(chunk)
    if (close === undefined) return false
    this.#keep()
    await this.#options.onClose(close.reason)
    return true
  }

  /**
   * Put down what the records of this turn have moved. Store the events that were taken, show them, and let them be
   * acknowledged.
   */
  #keep(): void {
    const events = this.#unkept
    this.#unkept = []
    this.#save()
    const { streams, deliver, peerName, isSettled, isClosing, wake } = this.#options
    // What can no longer be acknowledged is not shown: it comes again in the next conversation.
    if (events.length === 0 || isSettled() || isClosing()) return
    // At the end of this task, and before whatever others do about the events.
    wake()
    streams.keep(events, (fresh) => deliver(peerName, fresh))
    this.#hasStored = true
  }

  #save(): void {
    if (!this.#isUnsaved) return
    const read = this.#unsavedRead
    this.#isUnsaved = false
    this.#unsavedRead = undefined
    this.#options.streams.save()
    if (read !== undefined) this.#options.streams.onRead(read)
  }
}

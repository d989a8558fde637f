/**
 * What is said to one person and heard from them, across the conversations that carry it.
 *
 * A conversation works on any {@link Exchange}. The one here is in memory and lasts as long as its process; the one of
 * the chat is on the disk (../messenger/stored-exchange.ts).
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { StreamPair } from '#lib/delivery/stream-pair.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { FileTraffic } from '../files/traffic.ts'
import type { Conversation } from './conversation.ts'
import { drawEventId } from './event-ids.ts'

/**
 * How much may wait for its acknowledgement before whoever writes is made to wait, in bytes: at 40 ms of distance
 * enough for 200 MB/s, and the four largest texts twice over.
 */
const MAX_UNACKNOWLEDGED_BYTES = 8 * 1024 * 1024

/** And in messages, of which small ones cost memory of their own. */
const MAX_UNACKNOWLEDGED = 65_536

/** Draws a stream id. */
export const drawStreamId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)

/** What a conversation carries. */
export interface Exchange {
  readonly streams: StreamPair
  /** The bytes of files; undefined where none flow. */
  readonly files?: FileTraffic | undefined
  /** The conversation that carries it now. */
  readonly conversation: Conversation | undefined
  /** How many events of this side wait for their acknowledgement. */
  readonly unacknowledged: number
  /**
   * Say a text. It goes at once if a conversation is open and nothing is before it.
   *
   * @param text - UTF-8, at most 1 MiB.
   * @throws SottoError `ERR_MESSAGE_TOO_LARGE`, `ERR_INVALID_UTF8`: nothing of it was sent.
   */
  say(text: Uint8Array): void
  /** A conversation is to carry it from now on; one that did before has ended, or ends now. */
  attach(conversation: Conversation): void
  /** A conversation has ended. */
  detach(conversation: Conversation): void
  /** The streams have moved: called before a record leaves that was taken from them, and after one came. */
  save(): void
  /** Something was acknowledged. */
  onAcknowledged(): void
  /** The other side's user has seen this side's stream up to this number. */
  onRead?(sequence: bigint): void
  /**
   * Make events safe that were just taken from a record, in the same turn. They count as stored when this resolves.
   *
   * @param show - Shows them to whom they are for.
   */
  keep(events: readonly Event[], show: (events: readonly Event[]) => Promise<void>): Promise<void>
}

/** An exchange that lasts as long as its process: what is shown is safe. */
export class MemoryExchange implements Exchange {
  readonly streams = new StreamPair(drawStreamId())
  readonly #clock: Clock
  #conversation: Conversation | undefined
  /** How many events are being shown that do not count as stored yet. */
  #showing = 0
  #waiting: Array<{ readonly isOver: () => boolean; readonly resolve: () => void }> = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get conversation(): Conversation | undefined {
    return this.#conversation
  }

  get unacknowledged(): number {
    return this.streams.outgoing.unacknowledged
  }

  say(text: Uint8Array): void {
    const eventId = drawEventId()
    this.streams.outgoing.append(encodeTextEvent({ eventId, writtenAt: this.#clock.now(), body: text }))
    this.#conversation?.wake()
  }

  /** Whether more may be said now; whoever can wait should, for what waits is held in memory. */
  get hasRoom(): boolean {
    const { unacknowledged, unacknowledgedBytes } = this.streams.outgoing
    return unacknowledged < MAX_UNACKNOWLEDGED && unacknowledgedBytes < MAX_UNACKNOWLEDGED_BYTES
  }

  /** Resolves when there is room for more. */
  room(): Promise<void> {
    return this.#until(() => this.hasRoom)
  }

  /** Resolves when all that was said is acknowledged. */
  allAcknowledged(): Promise<void> {
    return this.#until(() => this.unacknowledged === 0)
  }

  async #until(isOver: () => boolean): Promise<void> {
    if (isOver()) return
    await new Promise<void>((resolve) => this.#waiting.push({ isOver, resolve }))
  }

  attach(conversation: Conversation): void {
    this.#conversation?.replace()
    // What is not being shown came as a conversation was closing.
    this.streams.incoming?.forgetUnstored(this.#showing)
    this.#conversation = conversation
  }

  detach(conversation: Conversation): void {
    if (this.#conversation === conversation) this.#conversation = undefined
  }

  /** Nothing outlasts the process. */
  save(): void {}

  async keep(events: readonly Event[], show: (events: readonly Event[]) => Promise<void>): Promise<void> {
    this.#showing += events.length
    try {
      await show(events)
      this.streams.incoming?.markStored(events.length)
    } finally {
      this.#showing -= events.length
    }
  }

  onAcknowledged(): void {
    const over = this.#waiting.filter(({ isOver }) => isOver())
    if (over.length === 0) return
    this.#waiting = this.#waiting.filter((each) => !over.includes(each))
    for (const { resolve } of over) resolve()
  }
}

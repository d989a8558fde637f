/**
 * What is said to one person and heard from them, across the conversations that carry it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES, STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { StreamPair } from '#lib/delivery/stream-pair.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Conversation } from './conversation.ts'

/**
 * How much may wait for its acknowledgement before whoever writes is made to wait, in bytes: at 40 ms of distance
 * enough for 200 MB/s, and the four largest texts twice over.
 */
const MAX_UNACKNOWLEDGED_BYTES = 8 * 1024 * 1024

/** And in messages, of which small ones cost memory of their own. */
const MAX_UNACKNOWLEDGED = 65_536

/** Draws a stream id. */
export const drawStreamId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)

export class Exchange {
  readonly streams = new StreamPair(drawStreamId())
  readonly #clock: Clock
  #conversation: Conversation | undefined
  #waiting: Array<{ readonly isOver: () => boolean; readonly resolve: () => void }> = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The conversation that carries it now. */
  get conversation(): Conversation | undefined {
    return this.#conversation
  }

  /** How many messages of this side wait for their acknowledgement. */
  get unacknowledged(): number {
    return this.streams.outgoing.unacknowledged
  }

  /**
   * Say a text. It goes at once if a conversation is open and nothing is before it.
   *
   * @param text - UTF-8, at most 1 MiB.
   * @throws SottoError `ERR_MESSAGE_TOO_LARGE`, `ERR_INVALID_UTF8`: nothing of it was sent.
   */
  say(text: Uint8Array): void {
    const eventId = randomBytes(EVENT_ID_BYTES)
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

  /** A conversation is to carry it from now on; one that did before has ended, or ends now. */
  attach(conversation: Conversation): void {
    this.#conversation?.replace()
    this.#conversation = conversation
  }

  /** A conversation has ended. */
  detach(conversation: Conversation): void {
    if (this.#conversation === conversation) this.#conversation = undefined
  }

  /** Something was acknowledged. */
  onAcknowledged(): void {
    const over = this.#waiting.filter(({ isOver }) => isOver())
    if (over.length === 0) return
    this.#waiting = this.#waiting.filter((each) => !over.includes(each))
    for (const { resolve } of over) resolve()
  }
}

/**
 * What a `sotto send` has put into the profile's store for one person, and what became of it. Whoever owns the profile's
 * conversations says it: this process or another.
 *
 * @module
 */
import { encodeTextEvent } from '#lib/delivery/event.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { drawEventId } from '../peer/event-ids.ts'
import type { Mailbox } from '../store/mailbox.ts'

/** Texts in batches, as they come. */
export type Texts = AsyncIterable<Iterable<Uint8Array>> | Iterable<Iterable<Uint8Array>>

/** How many messages may wait for their acknowledgement before more are put behind them. */
const MAX_WAITING = 10_000

/** And how many bytes: at 40 ms of distance enough for 200 MB/s, and the four largest texts twice over. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024

/** Messages that were put there in one step. */
interface Put {
  /** The ordinal of the last. */
  readonly last: number
  readonly count: number
  readonly bytes: number
}

export interface OutboxOptions {
  readonly mailbox: Mailbox
  readonly clock: Clock
  /** Something new lies in the store. */
  readonly onPut: () => void
}

export class Outbox {
  readonly #options: OutboxOptions
  /** What waits, the oldest first. */
  #puts: Put[] = []
  #moved = Promise.withResolvers<void>()

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** How many of these messages wait for their acknowledgement. */
  get waiting(): number {
    const { delivered } = this.#options.mailbox.progress()
    this.#puts = this.#puts.filter(({ last }) => last > delivered)
    return this.#puts.reduce((sum, { last, count }) => sum + Math.min(count, last - delivered), 0)
  }

  get #hasRoom(): boolean {
    return this.waiting < MAX_WAITING && this.#puts.reduce((sum, { bytes }) => sum + bytes, 0) < MAX_WAITING_BYTES
  }

  /**
   * Put everything there, in order and as fast as it goes away. What stands before a text that cannot be sent is there
   * when this rejects.
   *
   * @throws what the texts throw; SottoError `ERR_STORE`; `ERR_STREAM_RENEWED` if the user has it forgotten meanwhile.
   */
  async putAll(texts: Texts): Promise<void> {
    for await (const batch of texts) {
      this.put(batch)
      while (!this.#hasRoom) await this.#moved.promise
    }
  }

  /** Put a batch there. @returns how many there were. */
  put(batch: Iterable<Uint8Array>): number {
    const { mailbox, onPut } = this.#options
    const { events, failure } = this.#encoded(batch)
    if (events.length > 0) {
      const bytes = events.reduce((sum, event) => sum + event.length, 0)
      this.#puts.push({ last: mailbox.append(events), count: events.length, bytes })
      onPut()
    }
    if (failure !== undefined) throw failure
    return events.length
  }

  /** The texts up to the first that cannot be sent, if there is one. */
  #encoded(batch: Iterable<Uint8Array>): { events: Uint8Array[]; failure?: unknown } {
    const writtenAt = this.#options.clock.now()
    const events: Uint8Array[] = []
    try {
      for (const body of batch) events.push(encodeTextEvent({ eventId: drawEventId(), writtenAt, body }))
      return { events }
    } catch (failure) {
      return { events, failure }
    }
  }

  /** Something may have come further. */
  look(): void {
    this.#moved.resolve()
    this.#moved = Promise.withResolvers()
  }

  /** Resolves when all is acknowledged. @throws SottoError `ERR_STREAM_RENEWED`. */
  async delivered(): Promise<void> {
    while (this.waiting > 0) await this.#moved.promise
  }
}

/**
 * An exchange on the disk: what is said waits in the store until it is acknowledged, what is heard is in the store
 * before it is acknowledged, and both outlast the process.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import type { StreamPair } from '#lib/delivery/stream-pair.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Conversation } from '../peer/conversation.ts'
import { drawEventId } from '../peer/event-ids.ts'
import type { Exchange } from '../peer/exchange.ts'
import type { Mailbox, Progress } from '../store/mailbox.ts'

export interface StoredExchangeOptions {
  readonly mailbox: Mailbox
  readonly clock: Clock
  /** What was said has come further. */
  readonly onProgress: () => void
}

export class StoredExchange implements Exchange {
  readonly #options: StoredExchangeOptions
  #conversation: Conversation | undefined

  constructor(options: StoredExchangeOptions) {
    this.#options = options
  }

  get streams(): StreamPair {
    return this.#options.mailbox.streams
  }

  get conversation(): Conversation | undefined {
    return this.#conversation
  }

  /** What became of what was said. */
  get progress(): Progress {
    return this.#options.mailbox.progress()
  }

  get unacknowledged(): number {
    const { appended, delivered } = this.progress
    return appended - delivered
  }

  /** @returns the ordinal of what was said, to look for in {@link progress}. */
  say(text: Uint8Array): number {
    const { mailbox, clock } = this.#options
    const event = encodeTextEvent({ eventId: drawEventId(), writtenAt: clock.now(), body: text })
    const ordinal = mailbox.append([event])
    this.#conversation?.wake()
    return ordinal
  }

  /** Say what another process of the profile has put into the store. */
  takeAppended(): void {
    // Asked for, so that they are loaded.
    void this.streams
    this.#options.mailbox.takeAppended()
    this.#conversation?.wake()
  }

  attach(conversation: Conversation): void {
    this.#conversation?.replace()
    // What is kept is stored at once: the rest came as a conversation was closing, or as the disk failed.
    this.streams.incoming?.forgetUnstored()
    this.#conversation = conversation
  }

  detach(conversation: Conversation): void {
    if (this.#conversation === conversation) this.#conversation = undefined
  }

  save(): void {
    if (this.#options.mailbox.save()) this.#options.onProgress()
  }

  /** What changes by it is saved already. */
  onAcknowledged(): void {}

  async keep(events: readonly Event[], show: (events: readonly Event[]) => Promise<void>): Promise<void> {
    const fresh = this.#options.mailbox.store(events)
    if (fresh.length > 0) await show(fresh)
  }
}

/**
 * The exchanges of a receiver: with whom, and in which of a caller's streams.
 *
 * A caller that comes back after a cut names the stream that it left, and goes on in the same exchange. Another process
 * of the same person, such as a second `sotto send`, has a stream of its own and gets an exchange of its own.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'
import type { ConversationEnd } from './conversation.ts'
import { type Exchange, MemoryExchange } from './exchange.ts'

/** How many exchanges without a conversation are kept for a caller to come back to. */
const MAX_LEFT = 64

interface Entry {
  readonly exchange: MemoryExchange
  /** The caller's identity key and stream id, in hexadecimal digits. */
  readonly key: string
}

/** Where a receiver finds what a caller goes on with. */
export interface Exchanges {
  /** The exchange that a caller goes on with, or a new one. */
  find(caller: Caller): Exchange
  /** A conversation has ended. */
  release(exchange: Exchange, end: ConversationEnd): void
}

export interface Caller {
  readonly name: string
  readonly identityKey: Uint8Array
  /** The stream that the caller counts its events in. */
  readonly streamId: Uint8Array
}

export class MemoryExchanges implements Exchanges {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find({ identityKey, streamId }: Caller): MemoryExchange {
    const key = Buffer.concat([identityKey, streamId]).toString('hex')
    const entry = this.#entries.get(key) ?? { exchange: new MemoryExchange(this.#clock), key }
    // The one that was used last is the last to go.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.exchange
  }

  /** A conversation has ended. Only one that was cut can be gone on with. */
  release(exchange: Exchange, end: ConversationEnd): void {
    const left = [...this.#entries.values()].filter((entry) => entry.exchange.conversation === undefined)
    const gone = end.how === 'closed' ? left.filter((entry) => entry.exchange === exchange) : []
    for (const { key } of [...gone, ...left.slice(0, -MAX_LEFT)]) this.#entries.delete(key)
  }
}

/**
 * One who watches: what happens, in the pace of the reader.
 *
 * Messages are read out of the store when the reader is ready for them, and of what has a state the last one stands for
 * those before it. So a reader may be as slow as it likes, and a burst of a hundred thousand messages holds no memory; only
 * notices and the trace wait, up to a limit.
 *
 * @module
 */
import type { Conversation, Message, WatchResponse } from '#gen/sotto/agent/v1/agent_service.ts'
import { SottoError } from '#lib/errors.ts'
import type { Position } from '../store/reading/messages.ts'

/** How many notices and messages of the trace wait for one who reads slowly. */
export const MAX_WAITING_EVENTS = 1_024

/** After which time one who has missed something may watch again, in milliseconds. */
const RETRY_MS = 1_000

export type WatchEvent = NonNullable<WatchResponse['event']>

/** What a watcher reads. */
export interface WatchSource {
  /** The names of all contacts with whom there is a conversation. */
  names(): string[]
  /** The position of the newest message of a conversation; undefined where there is none. */
  newest(name: string): Position | undefined
  /** The next messages behind a position, a page of them, with the position of the last; empty at the end. */
  after(
    name: string,
    position: Position,
  ): { readonly messages: readonly Message[]; readonly last: Position } | undefined
  conversation(name: string): Conversation
}

const BEGINNING: Position = { batch: 0, index: 0 }

export class Watcher {
  readonly #source: WatchSource
  /** Whether it gets the trace, too. */
  readonly wantsTrace: boolean
  /** The position of the last message that was reported, by contact. */
  readonly #tails = new Map<string, Position>()
  /** The contacts in whose conversations there may be new messages. */
  readonly #grown = new Set<string>()
  /** The contacts of whom something else has changed. */
  readonly #changed = new Set<string>()
  /** States that were not reported yet, the newest of each kind. */
  readonly #states = new Map<string, WatchEvent>()
  readonly #events: WatchEvent[] = []
  #more = Promise.withResolvers<void>()
  #isOver = false

  constructor(source: WatchSource, wantsTrace: boolean) {
    this.#source = source
    this.wantsTrace = wantsTrace
    for (const name of source.names()) this.#tails.set(name, source.newest(name) ?? BEGINNING)
  }

  /** There may be new messages with somebody, and other counts. */
  grown(name: string): void {
    this.#grown.add(name)
    this.changed(name)
  }

  /** Something else about the conversation with somebody has changed. */
  changed(name: string): void {
    this.#changed.add(name)
    this.#more.resolve()
  }

  /** A state has changed. @param of - Names it: a newer one of the same name takes its place. */
  state(of: string, event: WatchEvent): void {
    this.#states.set(of, event)
    this.#more.resolve()
  }

  /** Something has happened that no later event stands for. */
  event(event: WatchEvent): void {
    // The one too many says that something is missing.
    if (this.#events.length <= MAX_WAITING_EVENTS) this.#events.push(event)
    this.#more.resolve()
  }

  /** A conversation was removed: what comes after it begins anew. */
  forgotten(name: string): void {
    this.#tails.delete(name)
    this.#grown.delete(name)
    this.#changed.delete(name)
    this.event({ $case: 'forgotten', value: { contact: name } })
  }

  end(): void {
    this.#isOver = true
    this.#more.resolve()
  }

  /** What happens, until the end. @throws SottoError `ERR_BUSY` where something was missed. */
  async *responses(): AsyncGenerator<WatchResponse, void, void> {
    while (!this.#isOver) {
      await this.#more.promise
      this.#more = Promise.withResolvers()
      yield* this.#waiting()
    }
  }

  *#waiting(): Generator<WatchResponse, void, void> {
    // A set goes on with what is added behind.
    for (const name of this.#grown) {
      this.#grown.delete(name)
      yield* this.#messages(name)
    }
    for (const [of, event] of this.#states) {
      this.#states.delete(of)
      yield { event }
    }
    for (const name of this.#changed) {
      this.#changed.delete(name)
      yield { event: { $case: 'conversation', value: this.#source.conversation(name) } }
    }
    if (this.#events.length > MAX_WAITING_EVENTS) throw missed()
    for (const event of this.#events.splice(0)) yield { event }
  }

  *#messages(name: string): Generator<WatchResponse, void, void> {
    for (;;) {
      const page = this.#source.after(name, this.#tails.get(name) ?? BEGINNING)
      if (page === undefined || this.#isOver) return
      this.#tails.set(name, page.last)
      for (const value of page.messages) yield { event: { $case: 'message', value } }
    }
  }
}

function missed(): SottoError {
  return new SottoError('ERR_BUSY', 'this watch reads too slowly, and has missed something', {
    hint: 'watch again, and list again',
    retryAfterMs: RETRY_MS,
  })
}

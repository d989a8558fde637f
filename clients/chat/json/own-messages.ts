/**
 * The user's own messages, from whichever process, and their states: reported as they change, in every conversation at
 * once.
 *
 * @module
 */

import { isSame } from '#lib/same-bytes.ts'
import type { OutgoingState, Progress } from '../../store/log/progress.ts'
import { isOfAnotherKey } from '../../store/log/undeliverable.ts'
import type { Message } from '../../store/reading/messages.ts'
import type { Store } from '../../store/store.ts'
import type { RawJson } from '../../terminal/raw-json.ts'
import { PendingMessages } from '../pending-messages.ts'

export interface OwnMessagesOptions {
  readonly store: Pick<Store, 'names' | 'history'>
  readonly keyOf: (name: string) => Uint8Array | undefined
  readonly progressOf: (name: string) => Progress
  /** There is a new message. */
  readonly onEnqueued: (message: Message, ref: RawJson | undefined) => void
  readonly onState: (name: string, id: string, ref: RawJson | undefined, state: OutgoingState) => void
}

/** How many messages of a conversation are followed that the other side has and has not read. */
const MAX_UNREAD = 10_000

/** How many messages are read in one go. */
const PAGE = 100

/** The names of a message for those who follow it. */
interface Name {
  readonly id: string
  readonly ref: RawJson | undefined
}

/** The messages to one identity key. */
interface OutgoingMessages {
  readonly key: Uint8Array | undefined
  readonly pending: PendingMessages<Name>
  /** The ordinal of the last message that was told. */
  last: number
}

export class OwnMessages {
  readonly #options: OwnMessagesOptions
  readonly #outgoing = new Map<string, OutgoingMessages>()

  constructor(options: OwnMessagesOptions) {
    this.#options = options
  }

  /** Follow what was sent before and is not delivered. */
  begin(): void {
    const { store, progressOf } = this.#options
    for (const name of store.names()) {
      const outgoing = this.#of(name)
      const { delivered, appended } = progressOf(name)
      for (const message of this.#since(name, delivered)) this.#follow(outgoing, message, undefined)
      outgoing.last = appended
    }
  }

  /** Report what is new in a conversation in which something may have been sent. */
  poll(name: string, refs: ReadonlyMap<number, RawJson | undefined> = new Map()): void {
    const outgoing = this.#of(name)
    for (const message of this.#since(name, outgoing.last)) {
      const ref = refs.get(message.ordinal)
      outgoing.last = message.ordinal
      this.#options.onEnqueued({ ...message, state: this.#follow(outgoing, message, ref) }, ref)
    }
  }

  /** Poll all contacts, as {@link poll} does one. */
  pollAll(): void {
    for (const name of this.#options.store.names()) this.poll(name)
  }

  /** All of it was removed: ordinals begin anew. */
  forget(name: string): void {
    this.#outgoing.delete(name)
  }

  progressed(name: string, progress: Progress): void {
    for (const { state, tag } of this.#of(name).pending.advance(progress)) {
      this.#options.onState(name, tag.id, tag.ref, state)
    }
  }

  #follow({ pending }: OutgoingMessages, { ordinal, event, state }: Message, ref: RawJson | undefined): OutgoingState {
    return pending.add(ordinal, state as OutgoingState, { id: event.eventId.toString('hex'), ref })
  }

  /** Ordinals count for each key: with another one that is trusted they begin anew. */
  #of(name: string): OutgoingMessages {
    const { keyOf, progressOf } = this.#options
    const key = keyOf(name)
    const known = this.#outgoing.get(name)
    const isKnown = known !== undefined && (known.key === undefined || key === undefined || isSame(known.key, key))
    if (isKnown && (known.key !== undefined || key === undefined)) return known
    const outgoing = isKnown ? { ...known, key } : { key, pending: new PendingMessages<Name>(MAX_UNREAD), last: 0 }
    if (known !== undefined && !isKnown) outgoing.last = progressOf(name).delivered
    this.#outgoing.set(name, outgoing)
    return outgoing
  }

  /** The messages to the present key behind an ordinal, the oldest first. */
  #since(name: string, ordinal: number): Message[] {
    const { store, keyOf, progressOf } = this.#options
    // Whoever was never written to may have written half a million.
    if (progressOf(name).appended <= ordinal) return []
    const key = keyOf(name)
    const found: Message[] = []
    let before: Message['position'] | undefined
    // Most often there is one.
    for (let limit = 1; ; limit = PAGE) {
      const page = store.history(name, { limit, before })
      for (const message of page) {
        if (message.kind !== 'message' || message.direction !== 'outgoing') continue
        if (isOfAnotherKey(message, key)) continue
        if (message.ordinal > ordinal) found.push(message)
        if (message.ordinal <= ordinal + 1) return found.reverse()
      }
      before = page.at(-1)?.position
      if (page.length < limit) return found.reverse()
    }
  }
}

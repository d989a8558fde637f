/**
 * The states of the user's own messages on the page of a conversation: those to the key that the contact has now may come
 * further, and change in their place.
 *
 * @module
 */
import { isSame } from '#lib/same-bytes.ts'
import type { OutgoingState, Progress } from '../../store/log/progress.ts'
import { isOfAnotherKey } from '../../store/log/undeliverable.ts'
import type { Message } from '../../store/reading/messages.ts'
import { PendingMessages } from '../pending-messages.ts'
import type { Screen } from '../screen/screen.ts'

export interface OwnStatesOptions {
  readonly screen: Screen
  /** The identity key that somebody is written to under now; undefined where none is known yet. */
  readonly keyOf: (name: string) => Uint8Array | undefined
}

export class OwnStates {
  readonly #options: OwnStatesOptions
  #pending = new PendingMessages<string>()
  /** The key that these were written for; undefined before the first conversation. */
  #key: Uint8Array | undefined
  /** Counts the times that the ordinals began anew, so that entries of one do not pass for those of another. */
  #round = 0

  constructor(options: OwnStatesOptions) {
    this.#options = options
  }

  /** Begin anew: the page is another one, or the contact has another key. */
  begin(name: string | undefined): void {
    this.#pending = new PendingMessages()
    this.#round += 1
    this.#key = this.#keyOf(name)
  }

  /** Ordinals count for each key: another one that is trusted begins anew. */
  followKey(name: string | undefined): void {
    const present = this.#keyOf(name)
    if (this.#key !== undefined && present !== undefined && !isSame(this.#key, present)) this.begin(name)
    else this.#key = present
  }

  #keyOf(name: string | undefined): Uint8Array | undefined {
    return name === undefined ? undefined : this.#options.keyOf(name)
  }

  /** Whether a message is to the present key of its contact: what was written for a former one comes no further. */
  isForPresentKey(message: Message): boolean {
    return !isOfAnotherKey(message, this.#options.keyOf(message.contact))
  }

  /** The id of the entry for a message to the present key. */
  entryIdOf(name: string, ordinal: number): string {
    return `${this.#round} ${name} ${ordinal}`
  }

  has(ordinal: number): boolean {
    return this.#pending.has(ordinal)
  }

  /** Follow a message that is being shown. @returns the state to show it with, as {@link PendingMessages.add}. */
  add(ordinal: number, state: OutgoingState, entryId: string): OutgoingState {
    return this.#pending.add(ordinal, state, entryId)
  }

  /** The messages have come further: those that are on the page change. */
  advance(progress: Progress): void {
    for (const { tag, state } of this.#pending.advance(progress)) this.#options.screen.change(tag, { state })
  }
}

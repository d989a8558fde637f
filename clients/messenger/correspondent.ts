/**
 * One contact, as the messenger sees them: what waits for them, whether they are online, and the conversation with them,
 * which this side opens whenever something waits and they are there.
 *
 * Two who call each other in the same moment cut each other's conversation: each takes the newest. Of the two, one then
 * gives the other a head start, so that the second attempt meets nobody.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { Backoff } from '../peer/backoff.ts'
import { refuseRefusal } from '../peer/call.ts'
import { type Calling, openConversation } from '../peer/open-conversation.ts'
import type { StoredExchange } from './stored-exchange.ts'
import type { StoredExchanges } from './stored-exchanges.ts'

export interface CorrespondentOptions {
  readonly name: string
  readonly calling: Calling
  readonly exchanges: StoredExchanges
  /**
   * How long to leave to the other side before calling them where both may want to, in milliseconds: nothing for one of
   * a pair, and {@link HEAD_START_MS} for the other.
   */
  readonly patienceMs: () => number
  /** They cannot be written to, or called in vain, for a reason that trying again does not mend. */
  readonly onRefused: (error: SottoError) => void
  readonly signal: AbortSignal
}

/** What a call takes on a slow link, so that the side that waits finds a conversation instead of opening one. */
export const HEAD_START_MS = 1_000

const BACKOFF = { firstMs: 250, longestMs: 15_000 }

/** Failures that only the user can mend: the key, the block, the session. */
const FINAL: ReadonlySet<string> = new Set([
  'ERR_KEY_CHANGED',
  'ERR_BLOCKED',
  'ERR_SESSION_ENDED',
  'ERR_NO_SUCH_USER',
  'ERR_CHAT_WITH_SELF',
  'ERR_STORE_DAMAGED',
])

export class Correspondent {
  readonly name: string
  readonly #options: CorrespondentOptions
  readonly #backoff = new Backoff(BACKOFF)
  #online = false
  /** Whether a conversation is to be opened though nothing waits here. */
  #isWanted = false
  #dialling: Promise<void> | undefined
  /** Ends a pause between two attempts. */
  #hurry = new AbortController()

  constructor(options: CorrespondentOptions) {
    this.#options = options
    this.name = options.name
  }

  get isOnline(): boolean {
    return this.#online
  }

  /** The exchange with the key that is pinned now, or with whichever comes first. */
  get exchange(): StoredExchange {
    const { exchanges, calling } = this.#options
    return exchanges.with(this.name, calling.profile.state.pins.get(this.name)?.identityKey)
  }

  /** Said by the directory. */
  setOnline(isOnline: boolean): void {
    const hasCome = isOnline && !this.#online
    this.#online = isOnline
    if (hasCome) this.hurry()
  }

  /** There is a reason to try sooner: they have come, or the services are back. They may call just as well. */
  hurry(): void {
    this.#hurry.abort()
    this.dial({ headStart: true })
  }

  /** Open a conversation even if nothing waits here: something may wait there that was refused until now. */
  call(): void {
    this.#isWanted = true
    this.hurry()
  }

  /** Open a conversation if something waits, they are there, and none is open. */
  dial({ headStart = false } = {}): void {
    this.#dialling ??= this.#dial(headStart)
      .catch((thrown: unknown) => this.#options.onRefused(asSottoError(thrown)))
      .finally(() => {
        this.#dialling = undefined
      })
  }

  #isCalledFor(): boolean {
    if (!this.#online || this.#options.signal.aborted) return false
    const { exchange } = this
    return exchange.conversation === undefined && (this.#isWanted || exchange.unacknowledged > 0)
  }

  async #dial(headStart: boolean): Promise<void> {
    const { patienceMs } = this.#options
    if (headStart && this.#isCalledFor()) await this.#wait(patienceMs())
    while (this.#isCalledFor()) {
      await this.#converse()
      if (this.#isCalledFor()) await this.#pause(patienceMs() + this.#backoff.nextMs())
    }
  }

  /** Open a conversation, and wait for its end. @throws SottoError only what trying again does not mend. */
  async #converse(): Promise<void> {
    const { calling, exchanges, signal } = this.#options
    const { delivered } = this.exchange.progress
    try {
      const exchangeWith = (identityKey: Uint8Array) => exchanges.with(this.name, identityKey)
      const conversation = await openConversation(calling, this.name, exchangeWith, signal)
      this.#isWanted = false
      refuseRefusal(this.name, await conversation.ended)
    } catch (error) {
      if (signal.aborted) return
      if (isSottoError(error) && !FINAL.has(error.code)) return
      this.#isWanted = false
      throw error
    }
    // One that is opened and cut over and over again is no reason to try faster.
    if (this.exchange.progress.delivered > delivered) this.#backoff.reset()
  }

  /** Wait, unless there is a reason to go on sooner: the first attempt after it is as good as a first. */
  async #pause(ms: number): Promise<void> {
    this.#hurry = new AbortController()
    await this.#wait(ms, this.#hurry.signal)
    if (!this.#hurry.signal.aborted) return
    this.#backoff.reset()
    await this.#wait(this.#options.patienceMs())
  }

  async #wait(ms: number, sooner?: AbortSignal): Promise<void> {
    const { signal } = this.#options
    const over = sooner === undefined ? signal : AbortSignal.any([signal, sooner])
    if (ms === 0) return
    await setTimeout(ms, undefined, { signal: over }).catch(() => undefined)
  }

  /** End what conversations there are in order. */
  async goodbye(): Promise<void> {
    const conversations = this.#options.exchanges.conversationsWith(this.name)
    await Promise.all(conversations.map((conversation) => conversation.close(CloseReason.SHUTDOWN)))
  }

  /** Resolves when nothing is being tried any more; the signal must be aborted before. */
  async idle(): Promise<void> {
    await this.#dialling
  }
}

function asSottoError(thrown: unknown): SottoError {
  return isSottoError(thrown) ? thrown : new SottoError('ERR_INTERNAL', 'a fault in sotto', { cause: thrown })
}

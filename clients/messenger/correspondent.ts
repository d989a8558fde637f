/**
 * One contact, as the messenger sees them: what waits for them, whether they are online, and the conversation with them,
 * which this side opens whenever something waits and they are there.
 *
 * @module
 */
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { Backoff } from '../peer/backoff.ts'
import { type Calling, openConversation } from '../peer/open-conversation.ts'
import type { StoredExchange } from './stored-exchange.ts'

export interface CorrespondentOptions {
  readonly name: string
  readonly calling: Calling
  /** The exchange with the key that is pinned now, or with whichever comes first. */
  readonly exchange: () => StoredExchange
  /**
   * How long to wait before a first attempt, in milliseconds: nothing for one side of a pair and
   * {@link HEAD_START_MS} for the other, so that two who come online together seldom call each other at once.
   */
  readonly patienceMs: number
  /** A conversation could not be opened, for a reason that trying again does not mend. */
  readonly onRefused: (error: SottoError) => void
  readonly signal: AbortSignal
}

/** What a call takes on a slow link, so that the side that waits finds a conversation instead of opening one. */
export const HEAD_START_MS = 1_000

const BACKOFF = { firstMs: 250, longestMs: 15_000 }

/** Failures that only the user can mend: the key, the block, the session. */
const FINAL: ReadonlySet<string> = new Set(['ERR_KEY_CHANGED', 'ERR_BLOCKED', 'ERR_SESSION_ENDED', 'ERR_NO_SUCH_USER'])

export class Correspondent {
  readonly name: string
  readonly #options: CorrespondentOptions
  #online = false
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

  get exchange(): StoredExchange {
    return this.#options.exchange()
  }

  /** Said by the directory, or by a conversation that they opened. */
  setOnline(isOnline: boolean): void {
    if (isOnline && !this.#online) this.#hurry.abort()
    this.#online = isOnline
    this.dial()
  }

  /** Open a conversation if something waits, they are there, and none is open. */
  dial(): void {
    this.#dialling ??= this.#dial().finally(() => {
      this.#dialling = undefined
    })
  }

  #isCalledFor(): boolean {
    const { exchange } = this
    return this.#online && exchange.conversation === undefined && exchange.unacknowledged > 0
  }

  async #dial(): Promise<void> {
    const { signal, calling, patienceMs, onRefused } = this.#options
    const backoff = new Backoff(BACKOFF)
    if (patienceMs > 0 && this.#isCalledFor()) await this.#pause((over) => delay(patienceMs, over))
    while (this.#isCalledFor() && !signal.aborted) {
      try {
        const conversation = await openConversation(calling, this.name, this.exchange, signal)
        backoff.reset()
        await conversation.ended
      } catch (error) {
        if (signal.aborted) return
        if (!isSottoError(error)) throw error
        if (FINAL.has(error.code)) return onRefused(error)
        if (error.code === 'ERR_NOT_ONLINE') this.#online = false
      }
      if (this.#isCalledFor()) await this.#pause((over) => backoff.wait(over))
    }
  }

  /** Wait, unless there is a reason to go on sooner. */
  async #pause(wait: (over: AbortSignal) => Promise<unknown>): Promise<void> {
    this.#hurry = new AbortController()
    await wait(AbortSignal.any([this.#options.signal, this.#hurry.signal])).catch(() => undefined)
  }

  /** End the conversation in order, if one is open. */
  async goodbye(): Promise<void> {
    await this.exchange.conversation?.close(CloseReason.SHUTDOWN)
  }
}

function delay(ms: number, over: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  over.addEventListener('abort', () => resolve(), { once: true })
  return promise.finally(() => clearTimeout(timer))
}

/**
 * A call: an exchange with one person that this side keeps going. It opens a conversation, and another when that one was
 * cut, until it is closed or the other side has been out of reach for too long.
 *
 * @module
 */
import type { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { type ErrorCode, isSottoError, SottoError } from '#lib/errors.ts'
import { Backoff } from './backoff.ts'
import type { Conversation } from './conversation.ts'
import { MemoryExchange } from './exchange.ts'
import { type Calling, openConversation } from './open-conversation.ts'
import { refuseRefusal } from './refusal.ts'

export interface CallOptions {
  readonly calling: Calling
  readonly peerName: string
  /** How long to go on trying after a cut, in milliseconds. */
  readonly redialMs: number
  /** The connection broke; it is being tried again. */
  readonly onCut: () => void
  /** It is there again. */
  readonly onResumed: () => void
}

const BACKOFF = { firstMs: 200, longestMs: 2_000 }

/** Failures that pass by themselves, when the other side's client or the services come back. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_NOT_ONLINE',
  'ERR_UNAVAILABLE',
  'ERR_BUSY',
  'ERR_PEER_UNREACHABLE',
  'ERR_PEER_SILENT',
  'ERR_HELLO_REFUSED',
  'ERR_HELLO_MALFORMED',
  'ERR_DECRYPT',
  'ERR_CHANNEL_CUT',
  'ERR_CHANNEL_CLOSED',
  'ERR_STREAM_RENEWED',
  'ERR_INTERNAL',
])

export class Call {
  readonly exchange: MemoryExchange
  readonly #options: CallOptions
  readonly #stop = new AbortController()
  readonly #lost = Promise.withResolvers<never>()
  #conversation: Conversation | undefined

  constructor(options: CallOptions) {
    this.#options = options
    this.exchange = new MemoryExchange(options.calling.clock.local)
    // Whoever waits for it hears it; nobody has to.
    this.lost.catch(() => undefined)
  }

  /**
   * Rejects when the call is lost for good: `ERR_NOT_ACKNOWLEDGED` if something waits, `ERR_KEY_CHANGED` if one side has
   * another key than the other pinned, or else why it cannot be reached. It never resolves.
   */
  get lost(): Promise<never> {
    return this.#lost.promise
  }

  /** Open the first conversation. @throws SottoError as `openConversation` does. */
  async open(signal: AbortSignal): Promise<void> {
    this.#conversation = await this.#dial(signal)
    this.#keep(this.#conversation).catch((error: unknown) => this.#lost.reject(error))
  }

  /** End it in order; see {@link Conversation.close}. What is not acknowledged is given up. */
  async close(reason: CloseReason): Promise<void> {
    this.#stop.abort()
    await this.#conversation?.close(reason)
  }

  #dial(signal: AbortSignal): Promise<Conversation> {
    const { calling, peerName } = this.#options
    return openConversation(calling, peerName, () => this.exchange, signal)
  }

  async #keep(first: Conversation): Promise<void> {
    const { signal } = this.#stop
    for (let conversation = first; !signal.aborted; ) {
      const end = await conversation.ended
      if (signal.aborted) return
      refuseRefusal(this.#options.peerName, end)
      this.#options.onCut()
      const next = await this.#redial()
      if (next === undefined) return
      conversation = next
      this.#conversation = next
      this.#options.onResumed()
    }
  }

  /** Try until it works. Returns undefined if the call was closed meanwhile. */
  async #redial(): Promise<Conversation | undefined> {
    const { signal } = this.#stop
    const patience = AbortSignal.timeout(this.#options.redialMs)
    const backoff = new Backoff(BACKOFF)
    for (;;) {
      try {
        await backoff.wait(AbortSignal.any([signal, patience])).catch(() => undefined)
        return await this.#dial(signal)
      } catch (error) {
        if (signal.aborted) return undefined
        if (!isSottoError(error)) throw error
        if (patience.aborted || !PASSING.has(error.code)) throw this.#lossBy(error)
      }
    }
  }

  #lossBy(cause: SottoError): SottoError {
    const waiting = this.exchange.unacknowledged
    if (waiting === 0 || cause.code === 'ERR_KEY_CHANGED') return cause
    return notAcknowledged(waiting, cause)
  }
}

/** What the sender reports that could not get rid of everything. */
export function notAcknowledged(waiting: number, cause: SottoError): SottoError {
  const what = waiting === 1 ? 'one message was' : `${waiting} messages were`
  return new SottoError('ERR_NOT_ACKNOWLEDGED', `${what} not acknowledged: ${cause.message}`, {
    cause,
    hint: 'the receiver may or may not have seen it; send again what matters',
  })
}

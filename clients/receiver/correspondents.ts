/**
 * The people whom a receiver on a terminal talks with: who wrote last, and how to answer each.
 *
 * An answer goes through the conversation that somebody has opened, or through a call of this side's own.
 *
 * @module
 */
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '#lib/errors.ts'
import { USERNAME } from '#lib/validation.ts'
import { Call } from '../peer/call.ts'
import type { Conversation } from '../peer/conversation.ts'
import type { Exchange } from '../peer/exchange.ts'
import type { Calling } from '../peer/open-conversation.ts'

export interface CorrespondentsOptions {
  readonly calling: Calling
  readonly redialMs: number
  readonly notice: (text: string) => void
}

export class Correspondents {
  readonly #options: CorrespondentsOptions
  /** Conversations that others have opened. */
  readonly #conversations = new Map<Conversation, Exchange>()
  /** Calls of this side's own, by name, and whether they are open. */
  readonly #calls = new Map<string, Call>()
  readonly #goodbye = new AbortController()
  /** Whoever is answered by a line that names nobody. */
  #current: string | undefined

  constructor(options: CorrespondentsOptions) {
    this.#options = options
  }

  get calling(): Calling {
    return this.#options.calling
  }

  /** Somebody has written. */
  onHeard(name: string): void {
    this.#current = name
  }

  /** Somebody has opened a conversation. */
  onConversation(conversation: Conversation, exchange: Exchange): void {
    const { peerName } = conversation
    this.#options.notice(`${peerName} is here`)
    this.#conversations.set(conversation, exchange)
    void conversation.ended.then((end) => {
      this.#conversations.delete(conversation)
      // A newer conversation that took its place is no parting.
      if (exchange.conversation !== undefined) return
      this.#options.notice(end.how === 'closed' ? `${peerName} has left` : `the connection to ${peerName} broke`)
      if (exchange.unacknowledged > 0) this.#options.notice(`${peerName} may not have seen what you wrote last`)
    })
  }

  /**
   * Send a line: to whoever wrote last, or with `@NAME` in front to NAME, who is then the one to answer. A second `@`
   * takes the meaning away.
   */
  say(line: string): void {
    const [, name, rest = ''] = /^@([^@\s]\S*)\s*(.*)$/s.exec(line) ?? []
    if (name === undefined) {
      const text = line.replace(/^@@/, '@')
      if (text !== '') this.#sayTo(this.#current, text)
    } else if (USERNAME.test(name)) {
      this.#current = name
      if (rest !== '') this.#sayTo(name, rest)
    } else {
      this.#options.notice('that is no name; begin a line with @@ to say something that begins with @')
    }
  }

  #sayTo(name: string | undefined, text: string): void {
    if (name === undefined) {
      this.#options.notice('nobody has written yet; begin a line with @NAME to write to NAME')
      return
    }
    try {
      this.#exchangeWith(name).say(Buffer.from(text, 'utf8'))
    } catch (error) {
      this.#tell(name, error)
    }
  }

  /** Where to say something to somebody: the conversation that was opened last, or a call, opened now if need be. */
  #exchangeWith(name: string): Exchange {
    const opened = [...this.#conversations].findLast(([conversation]) => conversation.peerName === name)
    return opened?.[1] ?? (this.#calls.get(name) ?? this.#call(name)).exchange
  }

  #call(name: string): Call {
    const { calling, redialMs, notice } = this.#options
    const onCut = () => notice(`the connection to ${name} broke; trying again`)
    const onResumed = () => notice(`the connection to ${name} is there again`)
    const call = new Call({ calling, peerName: name, redialMs, onCut, onResumed })
    this.#calls.set(name, call)
    const lost = call.open(this.#goodbye.signal).then(() => call.lost)
    lost.catch((error: unknown) => {
      this.#calls.delete(name)
      if (!this.#goodbye.signal.aborted) this.#tell(name, error)
    })
    return call
  }

  #tell(name: string, error: unknown): void {
    const { message, hint } = error instanceof SottoError ? error : new SottoError('ERR_INTERNAL', 'a fault in sotto')
    this.#options.notice(`to ${name}: ${message}`)
    if (hint !== undefined) this.#options.notice(hint)
  }

  /** End every conversation in order. */
  async goodbye(): Promise<void> {
    this.#goodbye.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
    const conversations = [...this.#conversations.keys()].map((each) => each.close(CloseReason.SHUTDOWN))
    const calls = [...this.#calls.values()].map((each) => each.close(CloseReason.SHUTDOWN))
    await Promise.all([...conversations, ...calls])
  }
}

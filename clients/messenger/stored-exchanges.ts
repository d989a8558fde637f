/**
 * The exchanges of a messenger: one for each identity key of a contact, each with a mailbox in the store.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'
import type { Files } from '../files/files.ts'
import type { Conversation, Exchanges } from '../peer/conversation.ts'
import type { Progress } from '../store/log/mailbox.ts'
import type { Store } from '../store/store.ts'
import { isAt } from '../store/transfers/transfer-steps.ts'
import { StoredExchange } from './stored-exchange.ts'

export interface StoredExchangesOptions {
  readonly store: Store
  readonly files?: Files
  readonly clock: Clock
  readonly onProgress: (name: string, progress: Progress) => void
  /** Whether others may be told what the user has seen of them. */
  readonly sendsReceipts: () => boolean
  /** Called before anything that was heard from somebody's key is kept. It throws where nothing may be. */
  readonly admit: (name: string, identityKey: Uint8Array) => void
}

/** Stands for the key of somebody with whom there was no conversation yet. */
const ANY_KEY = ''

export class StoredExchanges implements Exchanges {
  readonly #options: StoredExchangesOptions
  /** By name, then by key in hexadecimal digits. */
  readonly #exchanges = new Map<string, Map<string, StoredExchange>>()

  constructor(options: StoredExchangesOptions) {
    this.#options = options
  }

  /**
   * The exchange with somebody under this key. What is written before the first conversation is for whichever key comes
   * first: undefined stands for it, unless the store knows a key of theirs already.
   */
  with(name: string, identityKey: Uint8Array | undefined): StoredExchange {
    const ofName = this.#exchanges.get(name) ?? new Map<string, StoredExchange>()
    this.#exchanges.set(name, ofName)
    const key = textOf(identityKey)
    const known = ofName.get(key)
    if (known !== undefined) return known
    const { store, files, clock, onProgress, sendsReceipts, admit } = this.#options
    // By this the store learns whose key it is, where something waits for the first.
    const mailbox = store.mailbox(name, identityKey)
    const early = ofName.get(ANY_KEY)
    // What was asked for without a key may be of one that the store knew: that waits for it, and goes to no other.
    const isTheirs = early !== undefined && isAt(early.mailbox.place, mailbox.place)
    const exchange: StoredExchange = isTheirs
      ? early
      : new StoredExchange({
          mailbox,
          fileStore: files,
          clock,
          sendsReceipts,
          admit: (key) => admit(name, key),
          onProgress: () => onProgress(name, exchange.progress),
        })
    exchange.identityKey = identityKey
    if (isTheirs) ofName.delete(ANY_KEY)
    ofName.set(key, exchange)
    return exchange
  }

  /** The exchange with somebody under this key, if anybody has asked for it before. */
  known(name: string, identityKey: Uint8Array | undefined): StoredExchange | undefined {
    return this.#exchanges.get(name)?.get(textOf(identityKey))
  }

  /** The same, if the store has anything of somebody. Where it has not, nothing is kept of them by asking. */
  found(name: string, identityKey: Uint8Array | undefined): StoredExchange | undefined {
    const known = this.known(name, identityKey)
    if (known !== undefined) return known
    return this.#options.store.names().includes(name) ? this.with(name, identityKey) : undefined
  }

  /** The conversations with somebody: more than one only where a key has changed. */
  conversationsWith(name: string): Conversation[] {
    const exchanges = [...(this.#exchanges.get(name)?.values() ?? [])]
    return exchanges.flatMap(({ conversation }) => conversation ?? [])
  }

  /** The user has seen something of somebody's; or of anybody's, where the name is left out. */
  reportRead(name?: string): void {
    const ofNames = name === undefined ? [...this.#exchanges.values()] : [this.#exchanges.get(name) ?? new Map()]
    for (const exchange of ofNames.flatMap((exchanges) => [...exchanges.values()])) exchange.reportRead()
  }

  /** Let go of all that is no longer in the store: the user has had it forgotten. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#exchanges.keys()) {
      if (names.has(name)) continue
      for (const exchange of this.#exchanges.get(name)?.values() ?? []) exchange.forget()
      this.#exchanges.delete(name)
    }
  }
}

function textOf(identityKey: Uint8Array | undefined): string {
  return identityKey === undefined ? ANY_KEY : Buffer.from(identityKey).toString('hex')
}

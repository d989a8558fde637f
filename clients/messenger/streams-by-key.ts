/**
 * The streams of a messenger: a pair for each identity key of a contact, each in the store.
 *
 * @module
 */
import type { ReceivePermission } from '#lib/trust/permission.ts'
import type { Files } from '../files/files.ts'
import type { Conversation, PeerStreamsByKey } from '../peer/conversation.ts'
import type { Progress } from '../store/log/progress.ts'
import type { Store } from '../store/store.ts'
import { isAt } from '../store/transfers/transfer-steps.ts'
import { DurableStreams } from './durable-streams.ts'

export interface StreamsByKeyOptions {
  readonly store: Store
  readonly files?: Files
  readonly onProgress: (name: string, progress: Progress) => void
  /** Whether others may know what the user has read. */
  readonly sendsReceipts: () => boolean
  /** Asks, before anything is kept, whether it may be received from a key now. @throws SottoError where not. */
  readonly permit: (name: string, identityKey: Uint8Array) => ReceivePermission
}

/** Stands for the key of somebody with whom there was no conversation yet. */
const ANY_KEY = ''

export class StreamsByKey implements PeerStreamsByKey {
  readonly #options: StreamsByKeyOptions
  /** The streams by name, then by key in hexadecimal digits. */
  readonly #byName = new Map<string, Map<string, DurableStreams>>()

  constructor(options: StreamsByKeyOptions) {
    this.#options = options
  }

  /**
   * The streams with somebody under this key. What is written before the first conversation is for whichever key comes
   * first: undefined stands for it, unless the store knows a key of theirs already.
   */
  with(name: string, identityKey: Uint8Array | undefined): DurableStreams {
    const ofName = this.#byName.get(name) ?? new Map<string, DurableStreams>()
    this.#byName.set(name, ofName)
    const key = textOf(identityKey)
    const known = ofName.get(key)
    if (known !== undefined) return known
    const { store, files, onProgress, sendsReceipts, permit } = this.#options
    // By this the store learns whose key it is, where something waits for the first.
    const messageLog = store.messageLog(name, identityKey)
    const early = ofName.get(ANY_KEY)
    // What was asked for without a key may be of one that the store knew: that waits for it, and goes to no other.
    const isTheirs = early !== undefined && isAt(early.messageLog.place, messageLog.place)
    const streams: DurableStreams = isTheirs
      ? early
      : new DurableStreams({
          messageLog,
          fileStore: files,
          sendsReceipts,
          permit: (key) => permit(name, key),
          onProgress: () => onProgress(name, streams.progress),
        })
    streams.identityKey = identityKey
    if (isTheirs) ofName.delete(ANY_KEY)
    ofName.set(key, streams)
    return streams
  }

  /** The streams with somebody under this key, if anybody has asked for it before. */
  known(name: string, identityKey: Uint8Array | undefined): DurableStreams | undefined {
    return this.#byName.get(name)?.get(textOf(identityKey))
  }

  /**
   * The streams as {@link known}, if the store has anything of somebody. Where it has not, asking keeps nothing of
   * them.
   */
  found(name: string, identityKey: Uint8Array | undefined): DurableStreams | undefined {
    const known = this.known(name, identityKey)
    if (known !== undefined) return known
    return this.#options.store.names().includes(name) ? this.with(name, identityKey) : undefined
  }

  /** The conversations with somebody: more than one only where a key has changed. */
  conversationsWith(name: string): Conversation[] {
    const ofName = [...(this.#byName.get(name)?.values() ?? [])]
    return ofName.flatMap(({ conversation }) => conversation ?? [])
  }

  /** The user has seen something of somebody's; or of anybody's, where the name is left out. */
  reportRead(name?: string): void {
    const ofNames = name === undefined ? [...this.#byName.values()] : [this.#byName.get(name) ?? new Map()]
    for (const streams of ofNames.flatMap((ofName) => [...ofName.values()])) streams.reportRead()
  }

  /** Let go of all contacts that are no longer in the store: the user has forgotten them. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#byName.keys()) {
      if (names.has(name)) continue
      for (const streams of this.#byName.get(name)?.values() ?? []) streams.forget()
      this.#byName.delete(name)
    }
  }
}

function textOf(identityKey: Uint8Array | undefined): string {
  return identityKey === undefined ? ANY_KEY : Buffer.from(identityKey).toString('hex')
}

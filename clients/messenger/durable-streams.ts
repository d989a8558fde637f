/**
 * Streams on the disk: what is sent waits in the store until it is acknowledged, what is received is in the store
 * before it is acknowledged, and both outlast the process.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { StreamPair } from '#lib/delivery/stream-pair.ts'
import type { ReceivePermission, WritePermission } from '#lib/trust/permission.ts'
import type { Files } from '../files/files.ts'
import type { PeerTransfers } from '../files/transit/peer-transfers.ts'
import type { Conversation, PeerStreams } from '../peer/conversation.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { Progress } from '../store/log/progress.ts'

export interface DurableStreamsOptions {
  readonly messageLog: MessageLog
  /** The store of files that are offered and taken; without it none flow. */
  readonly fileStore?: Files | undefined
  /** An event that was sent has come further. */
  readonly onProgress: () => void
  /** Whether the other side may be told what the user has read. */
  readonly sendsReceipts: () => boolean
  /** Asks, before anything is kept, whether it may be received from a key now. @throws SottoError where not. */
  readonly permit: (identityKey: Uint8Array) => ReceivePermission
}

export class DurableStreams implements PeerStreams {
  readonly files: PeerTransfers | undefined
  /** The identity key of the other side; undefined until one is known. */
  identityKey: Uint8Array | undefined
  readonly #options: DurableStreamsOptions
  #conversation: Conversation | undefined

  constructor(options: DurableStreamsOptions) {
    this.#options = options
    this.files = options.fileStore?.peerTransfers(options.messageLog, () => this.#conversation?.wake())
  }

  get messageLog(): MessageLog {
    return this.#options.messageLog
  }

  get pair(): StreamPair {
    if (this.#conversation === undefined) this.#options.messageLog.unloadDropped()
    return this.#options.messageLog.streams
  }

  get conversation(): Conversation | undefined {
    return this.#conversation
  }

  /** The progress of what was sent. */
  get progress(): Progress {
    return this.#options.messageLog.progress()
  }

  get unacknowledged(): number {
    const { appended, delivered } = this.progress
    return appended - delivered
  }

  /** Whether there is a reason for a conversation on this side: something waits to be sent, or a file to flow. */
  get hasMore(): boolean {
    return this.unacknowledged > 0 || this.files?.isWanted === true
  }

  /**
   * Send events, all or none of them. They go at once if a conversation is open and nothing is before them.
   *
   * @param permission - Asked for now.
   * @param events - Encoded, at least one.
   * @returns the ordinal of the last, to look for in {@link progress}.
   * @throws SottoError `ERR_KEY_CHANGED`, `ERR_STORE`; `ERR_STREAM_RENEWED` if the contact was forgotten meanwhile.
   */
  append(permission: WritePermission, events: readonly Uint8Array[]): number {
    const { messageLog } = this.#options
    if (this.#conversation?.isSaying !== true) return messageLog.append(permission, events)
    const ordinal = messageLog.appendSaid(permission, events)
    this.#conversation.wake()
    return ordinal
  }

  /** The user has forgotten the contact: end what is under way. */
  forget(): void {
    this.#conversation?.replace()
  }

  /** Send what another process of the profile has put into the store. */
  takeAppended(): void {
    // Asked for, so that they are loaded.
    void this.pair
    this.#options.messageLog.takeAppended()
    this.#conversation?.wake()
  }

  attach(conversation: Conversation): void {
    this.#conversation?.replace()
    // What is kept is stored at once: the rest came as a conversation was closing, or as the disk failed.
    this.#options.messageLog.streams.incoming?.forgetUnstored()
    this.#conversation = conversation
    try {
      this.files?.begin()
      this.reportRead()
    } catch (error) {
      // It would stand in the way of the next.
      this.detach(conversation)
      throw error
    }
  }

  detach(conversation: Conversation): void {
    if (this.#conversation !== conversation) return
    this.#conversation = undefined
    this.files?.end()
    // An event that was broken off comes again whole, and may be a mebibyte.
    this.#options.messageLog.streams.incoming?.forgetPieces()
  }

  save(): void {
    if (this.#options.messageLog.save()) this.#options.onProgress()
  }

  onRead(sequence: bigint): void {
    if (this.#options.messageLog.markReadByPeer(sequence)) this.#options.onProgress()
  }

  /** The user has read something, or has changed whether others may know: report what may be reported. */
  reportRead(): void {
    const { messageLog, sendsReceipts } = this.#options
    if (!sendsReceipts()) this.pair.incoming?.forgetRead()
    else if (messageLog.reportRead()) this.#conversation?.wake()
  }

  keep(events: readonly Event[], show: (events: readonly Event[]) => void): void {
    // What the pin allowed at the beginning of a conversation it may allow no longer.
    if (this.identityKey === undefined) throw new TypeError('nothing comes before a key is known')
    const fresh = this.#options.messageLog.store(this.#options.permit(this.identityKey), events)
    // Where the other side repeats what was seen before.
    if (fresh.length < events.length) this.reportRead()
    if (fresh.length > 0) show(fresh)
    if (fresh.some(({ kind }) => kind?.$case !== 'text')) this.#options.fileStore?.poll()
  }
}

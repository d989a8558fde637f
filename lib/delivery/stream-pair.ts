/**
 * The two streams between two people: what this side says and what the other side says. They outlive the conversations
 * that carry them, one at a time.
 *
 * @module
 */
import type { Resume } from '#gen/sotto/peer/v1/record.ts'
import { isSame } from '../same-bytes.ts'
import { type IncomingPosition, IncomingStream } from './incoming-stream.ts'
import { OutgoingStream } from './outgoing-stream.ts'

/**
 * Gives acknowledged events again, if the owner keeps them: encoded, in order, all that followed the other side's last
 * one, in the present stream or an earlier one.
 *
 * It gives none if it knows none, or if that last event has another id: whoever cannot name it has no claim to the
 * others.
 */
export type Recall = (known: IncomingPosition) => readonly Uint8Array[]

/** The streams that an earlier run of the program kept. */
export interface KeptStreams {
  readonly outgoing: OutgoingStream
  readonly incoming: IncomingStream | undefined
  readonly recall: Recall
}

/** The position that this side reported last: the stream, and the stream of the other side that the report answered. */
interface LastReported {
  readonly incoming: IncomingStream
  readonly toStreamId: Uint8Array
}

export class StreamPair {
  readonly outgoing: OutgoingStream
  #incoming: IncomingStream | undefined
  /** The one before, as long as nothing is stored of the present one. */
  #former: IncomingStream | undefined
  #lastReported: LastReported | undefined
  readonly #recall: Recall

  /** @param kept - What there is, or an id for what this side says: 16 random bytes, never used before. */
  constructor(kept: KeptStreams | Uint8Array) {
    const isNew = kept instanceof Uint8Array
    this.outgoing = isNew ? new OutgoingStream(kept) : kept.outgoing
    this.#incoming = isNew ? undefined : kept.incoming
    this.#recall = isNew ? () => [] : kept.recall
  }

  /** The incoming stream; undefined until the other side has named it, and once it has forked. */
  get incoming(): IncomingStream | undefined {
    return this.#incoming?.isForked ? undefined : this.#incoming
  }

  /** The last stream of which anything is stored; else that which the other side has named, if it has. */
  get known(): IncomingStream | undefined {
    const hasStored = this.#incoming !== undefined && this.#incoming.stored > 0n
    return hasStored ? this.incoming : (this.#former ?? this.incoming)
  }

  /**
   * Continue the stream that the other side names, or begin it.
   *
   * The other side may have left a stream while this side was in another state, before it restored a backup, say. Then
   * this side does not know the events of the stream since, and its old position tells what it lacks. So an unknown
   * stream is accepted only when the other side has learned the position of this one. By then it has a new stream, in
   * which it sends what was lost.
   *
   * @param options.isAnswer - Whether the other side has learned it in this conversation.
   * @returns undefined if it has not, and must be told {@link known}: it sends everything of this conversation again.
   */
  receive(streamId: Uint8Array, { isAnswer }: { readonly isAnswer: boolean }): IncomingStream | undefined {
    const id = Uint8Array.from(streamId)
    const { incoming: present, known } = this
    const stored = known !== undefined && known.stored > 0n ? known : undefined
    const same = [present, stored].find((each) => isSame(each?.streamId, id))
    if (same === undefined && stored !== undefined && !isAnswer && !this.#hasReceived(stored, id)) {
      this.#lastReported = { incoming: stored, toStreamId: id }
      return undefined
    }
    const incoming = same ?? new IncomingStream(id)
    incoming.forgetPieces()
    this.#former = stored
    this.#incoming = incoming
    this.#lastReported = { incoming, toStreamId: id }
    return incoming
  }

  /**
   * The stream of the other side that a letter names, if this side may go on with it. A letter may be old, so it takes
   * nobody from a stream of which anything is stored to another, as {@link receive} does. Not while a conversation has
   * the streams.
   *
   * @returns undefined if this side knows another stream.
   */
  receiveLetter(streamId: Uint8Array): IncomingStream | undefined {
    const { known } = this
    if (known !== undefined && isSame(known.streamId, streamId)) this.#incoming = known
    else if (known !== undefined && known.stored > 0n) return undefined
    else this.#incoming = new IncomingStream(Uint8Array.from(streamId))
    // What the last conversation took in and did not store comes again.
    this.#incoming.forgetPieces()
    this.#incoming.forgetUnstored()
    return this.#incoming
  }

  /** Where this side stands, as a Resume says it: of the stream that it has, or of one that it reports in its place. */
  resume(reported: IncomingStream | undefined = this.known): Resume {
    return {
      streamId: Buffer.from(this.outgoing.streamId),
      peerStreamId: Buffer.from(reported?.streamId ?? []),
      peerAcknowledged: reported?.stored ?? 0n,
      peerLastEventId: Buffer.from(reported?.lastStoredEventId ?? []),
    }
  }

  /** Whether the other side has heard that a stream is known here: it was told so, and names another one since. */
  #hasReceived(known: IncomingStream, streamId: Uint8Array): boolean {
    return this.#lastReported?.incoming === known && !isSame(this.#lastReported.toStreamId, streamId)
  }

  /**
   * Continue this side's stream under a new id, and send again the events that the other side has lost.
   *
   * @param streamId - 16 random bytes, never used before.
   * @param known - Where the other side says that it stands.
   */
  renew(streamId: Uint8Array, known: IncomingPosition): void {
    this.outgoing.renew(streamId, known.stored === 0n ? [] : this.#recall(known))
  }
}

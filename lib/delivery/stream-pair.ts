/**
 * The two streams between two people: what this side says and what the other side says. They outlive the conversations
 * that carry them, one at a time.
 *
 * @module
 */
import { type IncomingPosition, IncomingStream } from './incoming-stream.ts'
import { OutgoingStream } from './outgoing-stream.ts'

/**
 * Gives back events that were acknowledged, where the owner keeps them: encoded, in order, all that followed the one that
 * the other side has last, in the present stream or an earlier one.
 *
 * None where it knows of none, and none where that event has another id: who cannot name it has no claim to the others.
 */
export type Recall = (known: IncomingPosition) => readonly Uint8Array[]

/** What an earlier run of the program left. */
export interface KeptStreams {
  readonly outgoing: OutgoingStream
  readonly incoming: IncomingStream | undefined
  readonly recall: Recall
}

export class StreamPair {
  readonly outgoing: OutgoingStream
  #incoming: IncomingStream | undefined
  /** Where the stream stood that the incoming one has just taken the place of. */
  #left: IncomingPosition | undefined
  readonly #recall: Recall

  /** @param kept - What there is, or an id for what this side says: 16 random bytes, never used before. */
  constructor(kept: KeptStreams | Uint8Array) {
    const isNew = kept instanceof Uint8Array
    this.outgoing = isNew ? new OutgoingStream(kept) : kept.outgoing
    this.#incoming = isNew ? undefined : kept.incoming
    this.#recall = isNew ? () => [] : kept.recall
  }

  /** What the other side says; undefined until it has named its stream, and where that was left. */
  get incoming(): IncomingStream | undefined {
    return this.#incoming?.isForked ? undefined : this.#incoming
  }

  /**
   * Go on with the stream that the other side names, or begin with it.
   *
   * @param options.isUsed - Whether it may have been used before, though this side does not know it.
   */
  hear(streamId: Uint8Array, { isUsed = false } = {}): IncomingStream {
    const known = this.incoming
    const goesOn = known !== undefined && Buffer.compare(known.streamId, streamId) === 0
    const incoming = goesOn ? known : new IncomingStream(Uint8Array.from(streamId))
    if (!goesOn) this.#left = isUsed && known !== undefined && known.stored > 0n ? positionOf(known) : undefined
    incoming.forgetPieces()
    this.#incoming = incoming
    return incoming
  }

  /**
   * Where this side stands in what the other side says, for it to go on from.
   *
   * The other side may have left a stream while this one had another memory: of what came in the stream since, this side
   * knows nothing, and it is the old one that tells what it lacks. So that is told in place of the new one, until the
   * other side has heard it: it renews its stream again then, and says with it what was lost.
   */
  get position(): IncomingPosition | undefined {
    return this.#left ?? (this.incoming && positionOf(this.incoming))
  }

  /**
   * Go on under a new id with what this side says, and say again what the other side shows that it has lost.
   *
   * @param streamId - 16 random bytes, never used before.
   * @param known - Where the other side says that it stands.
   */
  renew(streamId: Uint8Array, known: IncomingPosition): void {
    this.outgoing.renew(streamId, known.stored === 0n ? [] : this.#recall(known))
  }
}

function positionOf({ streamId, stored, lastStoredEventId: lastEventId }: IncomingStream): IncomingPosition {
  return { streamId, stored, lastEventId }
}

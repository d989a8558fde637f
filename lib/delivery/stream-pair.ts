/**
 * The two streams between two people: what this side says and what the other side says. They outlive the conversations
 * that carry them, one at a time.
 *
 * @module
 */
import { IncomingStream } from './incoming-stream.ts'
import { OutgoingStream } from './outgoing-stream.ts'

export class StreamPair {
  readonly outgoing: OutgoingStream
  #incoming: IncomingStream | undefined

  /** @param streamId - For what this side says: 16 random bytes, never used before. */
  constructor(streamId: Uint8Array) {
    this.outgoing = new OutgoingStream(streamId)
  }

  /** What the other side says; undefined until it has named its stream. */
  get incoming(): IncomingStream | undefined {
    return this.#incoming
  }

  /** Go on with the stream that the other side names, or begin with it. */
  hear(streamId: Uint8Array): IncomingStream {
    if (this.#incoming === undefined || Buffer.compare(this.#incoming.streamId, streamId) !== 0) {
      this.#incoming = new IncomingStream(Uint8Array.from(streamId))
    }
    this.#incoming.forgetPieces()
    return this.#incoming
  }
}

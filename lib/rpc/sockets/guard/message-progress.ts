/**
 * Where a call is in the messages that come: each has a head of five bytes, a flag and the length of what follows
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message).
 *
 * @module
 */

const HEAD_BYTES = 5

export class MessageProgress {
  /** Bytes of the present message's head that have come; 0 between heads. */
  #headBytes = 0
  /** The length in that head, as far as it is known. */
  #length = 0
  /** Bytes of the present message that are still to come after its head. */
  #missing = 0
  /** The sizes of those that are whole and that nobody has taken, with their heads, in bytes. */
  readonly #whole: number[] = []
  /** How many messages have begun. */
  begun = 0

  /** Whether a message has begun and is not whole. */
  get isInside(): boolean {
    return this.#missing > 0 || this.#headBytes > 0
  }

  /** Take note of bytes that came, split anywhere. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, chunk.length - at)
        this.#missing -= taken
        at += taken
      } else {
        this.#pushHead(chunk[at] ?? 0)
        at += 1
      }
      if (!this.isInside) this.#whole.push(HEAD_BYTES + this.#length)
    }
  }

  /** Take the first message that is whole. @returns its size with its head, in bytes; 0 if there is none. */
  take(): number {
    return this.#whole.shift() ?? 0
  }

  #pushHead(byte: number): void {
    if (this.#headBytes === 0) {
      this.begun += 1
      this.#length = 0
    } else this.#length = this.#length * 256 + byte
    this.#headBytes += 1
    if (this.#headBytes < HEAD_BYTES) return
    this.#headBytes = 0
    this.#missing = this.#length
  }
}

/**
 * Cuts a stream of bytes into lines, each a message.
 *
 * A line is the bytes up to `\n`, whatever they are: `\r` stays, and an empty line is an empty message. A last line
 * without `\n` counts. The receiver writes `\n` behind each message, so what comes out of its pipe is what went into
 * this one, but for a `\n` at the very end where there was none.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { SottoError } from '#lib/errors.ts'

const LINE_FEED = 0x0a

export class LineSplitter {
  /** The beginning of a line whose end has not come yet; none of it is empty. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  /** Counted from 1, as editors do. */
  #number = 1
  readonly #maxBytes: number

  /** @param maxBytes - Of a line; what a message holds unless set. */
  constructor(maxBytes: number = MAX_TEXT_BYTES) {
    this.#maxBytes = maxBytes
  }

  /**
   * Take in bytes, and give the lines that they complete, in order. A line that cannot be sent throws when its turn has
   * come, so those before it have been given.
   *
   * @param chunk - Any length; kept until the lines in it have been given.
   * @throws SottoError `ERR_INVALID_UTF8`, or `ERR_MESSAGE_TOO_LARGE` as soon as a line is over the limit, whether its end
   *   has come or not. Both name the line.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, void> {
    let start = 0
    let end = chunk.indexOf(LINE_FEED)
    if (end !== -1 && this.#pending.length > 0) {
      this.#keep(chunk.subarray(0, end))
      yield this.#take()
      start = end + 1
      end = chunk.indexOf(LINE_FEED, start)
    }
    // No character has a line feed in it, so one look answers for all lines that are whole.
    const areUtf8 = end !== -1 && isUtf8(chunk.subarray(start, chunk.lastIndexOf(LINE_FEED)))
    for (; end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const line = chunk.subarray(start, end)
      this.#checkLength(line.length)
      if (!areUtf8) this.#checkUtf8(line)
      this.#number += 1
      yield line
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
  }

  /**
   * The stream has ended.
   *
   * @returns the last line, if it had no `\n`.
   * @throws SottoError `ERR_INVALID_UTF8`, which names it.
   */
  end(): Uint8Array | undefined {
    return this.#pending.length === 0 ? undefined : this.#take()
  }

  #keep(bytes: Uint8Array): void {
    this.#pendingBytes += bytes.length
    this.#checkLength(this.#pendingBytes)
    if (bytes.length > 0) this.#pending.push(bytes)
  }

  #take(): Uint8Array {
    const line = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    this.#checkUtf8(line)
    this.#number += 1
    return line
  }

  #checkLength(bytes: number): void {
    if (bytes <= this.#maxBytes) return
    throw new SottoError('ERR_MESSAGE_TOO_LARGE', `line ${this.#number} is longer than ${this.#maxBytes} bytes`, {
      hint: 'neither it nor what follows is sent; a message holds 1 MiB',
    })
  }

  #checkUtf8(line: Uint8Array): void {
    if (isUtf8(line)) return
    throw new SottoError('ERR_INVALID_UTF8', `line ${this.#number} is not valid UTF-8`, {
      hint: 'neither it nor what follows is sent; convert the input, for example with iconv',
    })
  }
}

/**
 * A stream that keeps what is written to it, in place of a terminal or a pipe.
 *
 * @module
 */
import { Writable } from 'node:stream'

export class CapturedStream extends Writable {
  readonly #chunks: Buffer[] = []
  /** Whether to pass for a terminal. */
  readonly isTTY: boolean

  constructor({ isTTY = false } = {}) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk)
    this.emit('captured', chunk)
    done()
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.bytes.toString('utf8')
  }

  /** Resolves when the condition holds of what was written so far. */
  async until(condition: (text: string) => boolean): Promise<void> {
    while (!condition(this.text)) await new Promise<void>((resolve) => this.once('captured', resolve))
  }
}

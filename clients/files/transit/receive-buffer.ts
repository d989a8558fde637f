/**
 * The pieces from one person that are not written yet, of all files that they send at the same time.
 *
 * @module
 */

/** How much may wait before whoever hears it is asked to wait, in bytes (docs/protocol.md, section 6.8). */
export const MOST_WAITING_BYTES = 16 * 1024 * 1024

/**
 * The memory that a piece takes beside its bytes, about: otherwise pieces of one byte each would take a hundred times
 * as much.
 */
const PIECE_COST_BYTES = 256

export class ReceiveBuffer {
  #bytes = 0
  #relieved = Promise.withResolvers<void>()

  /** Pieces wait. Returns a promise if it is too much: until it resolves no more should be taken in. */
  add(pieces: readonly Uint8Array[]): Promise<void> | undefined {
    this.#bytes += costOf(pieces)
    return this.#isTooMuch ? this.#relieved.promise : undefined
  }

  /** Remove pieces that no longer wait. */
  remove(pieces: readonly Uint8Array[]): void {
    this.#bytes -= costOf(pieces)
    if (this.#isTooMuch) return
    this.#relieved.resolve()
    this.#relieved = Promise.withResolvers()
  }

  get #isTooMuch(): boolean {
    return this.#bytes > MOST_WAITING_BYTES
  }
}

function costOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length + PIECE_COST_BYTES, 0)
}

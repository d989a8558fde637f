/**
 * Reads an input in pieces as large as it gives them in one go: each costs a flush of the disk, whatever is in it.
 *
 * @module
 */
import type { Readable } from 'node:stream'
import { withTimeout } from '#lib/runtime/with-timeout.ts'

/** The size from which a chunk has more behind it, in bytes: half of what a pipe or a reading of a file holds. */
const LARGE_BYTES = 32 * 1024

/** The size from which a piece waits for no more, in bytes: some thousand lines, some 10 ms of this process. */
const PIECE_BYTES = 512 * 1024

/** How long a large chunk waits for the next, in milliseconds. What a person types is never large. */
const BEHIND_MS = 2

/** The bytes of an input, in order. @throws what the input throws, behind what it gave before. */
export async function* inPieces(input: Readable): AsyncGenerator<Uint8Array, void, void> {
  const chunks: AsyncIterator<Uint8Array> = input[Symbol.asyncIterator]()
  let next = chunks.next()
  // Whoever takes the next piece hears of it.
  const read = () => {
    next = chunks.next()
    next.catch(() => undefined)
  }
  try {
    for (let { value, done } = await next; !done; { value, done } = await next) {
      const piece: Uint8Array[] = [value]
      let bytes = value.length
      read()
      while (value.length >= LARGE_BYTES && bytes < PIECE_BYTES && (await withTimeout(next, BEHIND_MS))) {
        const [behind] = await Promise.allSettled([next])
        if (behind.status === 'rejected' || behind.value.done) break
        value = behind.value.value
        piece.push(value)
        bytes += value.length
        read()
      }
      yield piece.length === 1 ? value : Buffer.concat(piece)
    }
  } finally {
    // Nobody waits for what is being read.
    input.destroy()
  }
}

/**
 * Writing much to standard output: no faster than it is read, and no longer.
 *
 * @module
 */

import type { OutputStream } from '../terminal/output-stream.ts'
import { isReaderGone, outputFailure } from '../terminal/output-watch.ts'

/** How many bytes are gathered for one writing, where nobody watches. */
const WRITE_BYTES = 65_536

/**
 * Write pieces as they come, and return when the operating system has taken every byte; or once the reader has gone away,
 * as in `sotto history | head`, since it has seen what it wanted.
 *
 * @throws SottoError `ERR_OUTPUT` if the output takes no more for another reason, such as a full disk.
 */
export async function writeOut(output: OutputStream, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  // Told by the write that fails.
  output.on('error', () => undefined)
  const atOnce = output.isTTY === true ? 1 : WRITE_BYTES
  let gathered: Uint8Array[] = []
  let size = 0
  try {
    for await (const piece of pieces) {
      gathered.push(piece)
      size += piece.length
      if (size < atOnce) continue
      await write(output, Buffer.concat(gathered))
      gathered = []
      size = 0
    }
    if (size > 0) await write(output, Buffer.concat(gathered))
  } catch (error) {
    if (!(error instanceof WriteFailure)) throw error
    if (!isReaderGone(error.cause, output)) throw outputFailure(error.cause)
  }
}

class WriteFailure extends Error {}

function write(output: OutputStream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(bytes, (cause) => (cause ? reject(new WriteFailure('a write failed', { cause })) : resolve()))
  })
}

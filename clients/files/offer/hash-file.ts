/**
 * The hash of a file on the disk.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** How much is read at a time, in bytes: half a millisecond of hashing, in which the program does nothing else. */
const READ_BYTES = 1024 * 1024

/** SHA-256 of a file, never through a link. @throws the system's error; the signal's reason. */
export async function sha256Of(path: string, signal?: AbortSignal): Promise<Buffer> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  for (;;) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, null)
    if (bytesRead === 0) return hash.digest()
    hash.update(buffer.subarray(0, bytesRead))
  }
}

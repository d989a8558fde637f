/**
 * The hash of a file on the disk.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** How much is read at a time, in bytes: a millisecond of hashing, in which the program does nothing else. */
const READ_BYTES = 1024 * 1024

/** How a file is opened to be read: neither through a link nor waiting for a pipe, should one have come into its place. */
export const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export interface Hashing {
  /** Where to end, in bytes from where it begins; at the end of the file unless set. */
  readonly most?: number
  readonly signal?: AbortSignal | undefined
  readonly onRead?: (bytes: number) => void
}

/** SHA-256 of a file, never through a link. @throws the system's error; the signal's reason. */
export async function sha256Of(path: string, signal?: AbortSignal): Promise<Buffer> {
  await using file = await open(path, READ_FLAGS)
  const { sha256 } = await hashOpenFile(file, { signal })
  return sha256
}

/**
 * SHA-256 of what is in a file from where it stands. What comes next is read while what came is hashed.
 *
 * @returns the hash, and of how many bytes.
 * @throws the system's error; the signal's reason.
 */
export async function hashOpenFile(
  file: FileHandle,
  { most = Number.POSITIVE_INFINITY, signal, onRead }: Hashing,
): Promise<{ readonly sha256: Buffer; readonly bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  // Node.js reads nothing into a buffer without room, not even nothing.
  const allocate = () => Buffer.allocUnsafe(Math.max(1, Math.min(READ_BYTES, most)))
  const readInto = (buffer: Buffer) => file.read(buffer, 0, Math.min(most - bytes, buffer.length), null)
  let next = readInto(allocate())
  for (let spare: Buffer | undefined; ; ) {
    const { buffer, bytesRead } = await next
    signal?.throwIfAborted()
    bytes += bytesRead
    const isOver = bytesRead === 0 || bytes === most
    if (bytesRead > 0) onRead?.(bytesRead)
    if (!isOver) next = readInto(spare ?? allocate())
    hash.update(buffer.subarray(0, bytesRead))
    if (isOver) return { sha256: hash.digest(), bytes }
    spare = buffer
  }
}

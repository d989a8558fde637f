/**
 * Files that come from elsewhere, as from a browser, piece by piece: they lie in the profile's folder until they have gone
 * to the contact. Each has a folder of its own, so that it can have its name.
 *
 *     uploads/ID/NAME   0600, in the clear, as any file is that one offers
 *
 * @module
 */
import { constants, realpathSync } from 'node:fs'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SottoError } from '#lib/errors.ts'
import { ensurePrivateDirectory, PRIVATE_FILE_MODE } from '#lib/runtime/files.ts'
import { READ_FLAGS } from '../files/disk/hash-file.ts'
import { isOver, type Transfer } from '../store/transfers/transfer.ts'

/** The largest piece, in bytes. */
export const MAX_PIECE_BYTES = 1024 * 1024

const PIECE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW

export class Uploads {
  readonly #folder: string

  /** @param folder - Of the profile. */
  constructor(folder: string) {
    // Offers have paths without links.
    this.#folder = join(realpathSync(folder), 'uploads')
  }

  /**
   * Put a piece where it belongs.
   *
   * @param id - In hexadecimal digits.
   * @returns how large the file is now, in bytes.
   * @throws SottoError `ERR_INVALID_ARGUMENT` if there would be a gap before it.
   */
  async put(id: string, name: string, offset: number, data: Uint8Array): Promise<number> {
    const folder = join(this.#folder, id)
    await ensurePrivateDirectory(folder)
    const file = await open(join(folder, name), PIECE_FLAGS, PRIVATE_FILE_MODE)
    try {
      const { size } = await file.stat()
      if (offset > size) throw new SottoError('ERR_INVALID_ARGUMENT', `the piece begins behind the end, at ${size}`)
      // A disk that is about to be full takes a part of it.
      for (let written = 0; written < data.length; ) {
        const { bytesWritten } = await file.write(data, written, data.length - written, offset + written)
        written += bytesWritten
      }
      return Math.max(size, offset + data.length)
    } finally {
      await file.close()
    }
  }

  /** The path of what was put together. @throws SottoError `ERR_INVALID_FILE` */
  async pathOf(id: string): Promise<string> {
    const names = await readdir(join(this.#folder, id)).catch(() => [])
    const [name] = names
    if (name !== undefined && names.length === 1) return join(this.#folder, id, name)
    throw new SottoError('ERR_INVALID_FILE', 'nothing was put together under this id')
  }

  /** Remove what nothing needs any more: what these transfers have not open. */
  async tidy(transfers: readonly Transfer[]): Promise<void> {
    const needed = new Set(transfers.filter((each) => !isOver(each)).map(({ path = '' }) => basename(dirname(path))))
    for (const id of await readdir(this.#folder).catch(() => [])) {
      if (!needed.has(id)) await rm(join(this.#folder, id), { recursive: true, force: true })
    }
  }

  /** Remove what has gone with a transfer. */
  async remove({ path = '' }: Transfer): Promise<void> {
    const folder = dirname(path)
    if (dirname(folder) === this.#folder) await rm(folder, { recursive: true, force: true })
  }
}

/** Read a piece of a file. @throws SottoError `ERR_NO_SUCH_FILE` */
export async function readPiece(path: string, offset: number): Promise<Buffer> {
  let file: FileHandle | undefined
  try {
    file = await open(path, READ_FLAGS)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_PIECE_BYTES), 0, MAX_PIECE_BYTES, offset)
    return buffer.subarray(0, bytesRead)
  } catch (cause) {
    throw new SottoError('ERR_NO_SUCH_FILE', 'the file is not there any more', { cause })
  } finally {
    await file?.close()
  }
}

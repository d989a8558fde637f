/**
 * Files that come from elsewhere, as from a browser, piece by piece: they lie in the profile's folder until they have gone
 * to the contact, or cannot be offered. What nobody goes on with, as where a tab was closed, goes once an hour has passed
 * since its last piece. Each has a folder of its own, so that it can have its name.
 *
 *     uploads/ID/NAME   0600, in the clear, as any file is that one offers
 *
 * @module
 */
import { constants, realpathSync } from 'node:fs'
import { type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SottoError } from '#lib/errors.ts'
import { ensurePrivateDirectory, PRIVATE_FILE_MODE } from '#lib/runtime/files.ts'
import { READ_FLAGS } from '../files/disk/hash-file.ts'
import { isOver, type Transfer } from '../store/transfers/transfer.ts'

/** The largest piece, in bytes. */
export const MAX_PIECE_BYTES = 1024 * 1024

/** How long what is not offered waits for its next piece, in milliseconds. */
export const MAX_QUIET_MS = 60 * 60_000

const PIECE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW

export class Uploads {
  readonly #folder: string
  readonly #transfers: () => readonly Transfer[]
  /** The ids of what is being offered. */
  readonly #offering = new Set<string>()

  /**
   * @param folder - Of the profile.
   * @param transfers - Lists them all.
   */
  constructor(folder: string, transfers: () => readonly Transfer[]) {
    this.#transfers = transfers
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

  /**
   * Offer what was put together. Where that fails, it is removed.
   *
   * @param offer - Takes the path.
   * @throws SottoError `ERR_INVALID_FILE` if there is nothing; what the offer throws.
   */
  async offer<T>(id: string, offer: (path: string) => Promise<T>): Promise<T> {
    this.#offering.add(id)
    try {
      return await offer(await this.#pathOf(id))
    } catch (error) {
      if (!this.#isNeeded(id)) await this.#removeFolder(id).catch(() => undefined)
      throw error
    } finally {
      this.#offering.delete(id)
    }
  }

  async #pathOf(id: string): Promise<string> {
    const names = await readdir(join(this.#folder, id)).catch(() => [])
    const [name] = names
    if (name !== undefined && names.length === 1) return join(this.#folder, id, name)
    throw new SottoError('ERR_INVALID_FILE', 'nothing was put together under this id')
  }

  /** Remove what no transfer needs, and nobody has written to since then; all that none needs, unless a time is given. */
  async tidy(since = Number.POSITIVE_INFINITY): Promise<void> {
    for (const id of await readdir(this.#folder).catch(() => [])) {
      if ((await this.#writtenAtMs(id)) >= since || this.#offering.has(id) || this.#isNeeded(id)) continue
      await this.#removeFolder(id)
    }
  }

  #isNeeded(id: string): boolean {
    const folder = join(this.#folder, id)
    return this.#transfers().some((each) => !isOver(each) && dirname(each.path ?? '') === folder)
  }

  /** When a piece was put there last, or the folder was made, as Unix time in milliseconds. */
  async #writtenAtMs(id: string): Promise<number> {
    const folder = join(this.#folder, id)
    const names = await readdir(folder).catch(() => [])
    const all = await Promise.all([folder, ...names.map((name) => join(folder, name))].map((path) => lstat(path)))
    return Math.max(...all.map(({ mtimeMs }) => mtimeMs))
  }

  async #removeFolder(id: string): Promise<void> {
    await rm(join(this.#folder, id), { recursive: true, force: true })
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

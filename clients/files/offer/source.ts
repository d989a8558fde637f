/**
 * Reads what is offered, as it was offered: a file that has changed since, or while it is read, is gone.
 *
 * @module
 */
import { type BigIntStats, fstatSync, realpathSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sourceChanged, stillThere } from '../disk/disk-errors.ts'
import { READ_FLAGS } from '../disk/hash-file.ts'
import type { Content, ContentEntry } from './content.ts'

interface OpenFile {
  readonly entry: ContentEntry
  readonly file: FileHandle
  /** The file's state when it was opened. */
  readonly stats: BigIntStats
}

export class Source {
  readonly #content: Content
  readonly #path: string
  #open: OpenFile | undefined

  /** @param path - Absolute and without links: of the file, or of the folder that the first name stands for. */
  constructor(content: Content, path: string) {
    this.#content = content
    this.#path = path
  }

  /**
   * Fill a buffer with the content from an offset. One at a time; cheap in order.
   *
   * @param buffer - No longer than what there is from there.
   * @throws SottoError `ERR_FILE_SOURCE_CHANGED` if it is not there, or not as it was offered, as far as its size and
   *   times show.
   */
  async read(offset: number, buffer: Buffer): Promise<void> {
    await stillThere(async () => {
      for (let filled = 0; filled < buffer.length; ) {
        const open = await this.#at(offset + filled)
        const from = offset + filled - open.entry.start
        const wanted = Math.min(buffer.length - filled, open.entry.size - from)
        const { bytesRead } = await open.file.read(buffer, filled, wanted, from)
        if (bytesRead === 0) throw sourceChanged()
        filled += bytesRead
        if (from + bytesRead === open.entry.size) this.#checkUnchanged(open)
      }
    })
  }

  async #at(offset: number): Promise<OpenFile> {
    const entry = this.#content.entryAt(offset)
    if (this.#open?.entry === entry) return this.#open
    await this.close()
    const path = this.#locate(entry)
    const file = await open(path, READ_FLAGS)
    try {
      // In step, as in what follows: the system has just looked at all of it, and to ask in a thread takes longer.
      const stats = fstatSync(file.fd, { bigint: true })
      if (!stats.isFile() || stats.size !== BigInt(entry.size)) throw sourceChanged()
      // A folder on the way that has become a link leads elsewhere.
      if (path !== this.#path && realpathSync.native(dirname(path)) !== dirname(path)) throw sourceChanged()
      this.#open = { entry, file, stats }
      return this.#open
    } catch (error) {
      await file.close()
      throw error
    }
  }

  #locate({ path }: ContentEntry): string {
    const inside = path.split('/').slice(1)
    return inside.length === 0 ? this.#path : join(this.#path, ...inside)
  }

  #checkUnchanged({ file, stats }: OpenFile): void {
    const now = fstatSync(file.fd, { bigint: true })
    if (now.size !== stats.size || now.mtimeNs !== stats.mtimeNs) throw sourceChanged()
  }

  /** Let go of what is open. No read may be going on. */
  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.file.close()
  }
}

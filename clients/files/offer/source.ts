/**
 * Reads what is offered, as it was offered: a file that has changed since, or while it is read, is gone.
 *
 * @module
 */
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sourceChanged, stillThere } from '../disk/disk-errors.ts'
import type { Content, ContentEntry } from './content.ts'

/** Neither through a link nor waiting for a pipe, should one have come into the file's place. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

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
        if (from + bytesRead === open.entry.size) await this.#checkUnchanged(open)
      }
    })
  }

  async #at(offset: number): Promise<OpenFile> {
    const entry = this.#content.entryAt(offset)
    if (this.#open?.entry === entry) return this.#open
    await this.close()
    const file = await open(await this.#locate(entry), OPEN_FLAGS)
    // Before anything can fail, so that it is closed.
    const opened = { entry, file, stats: await statOf(file) }
    this.#open = opened
    if (!opened.stats.isFile() || opened.stats.size !== BigInt(entry.size)) throw sourceChanged()
    return opened
  }

  /** The path of an entry, checked: a folder on the way that has become a link would lead elsewhere. */
  async #locate({ path }: ContentEntry): Promise<string> {
    const inside = path.split('/').slice(1)
    if (inside.length === 0) return this.#path
    const located = join(this.#path, ...inside)
    if ((await realpath(dirname(located))) !== dirname(located)) throw sourceChanged()
    return located
  }

  async #checkUnchanged({ file, stats }: OpenFile): Promise<void> {
    const now = await file.stat({ bigint: true })
    if (now.size !== stats.size || now.mtimeNs !== stats.mtimeNs) throw sourceChanged()
  }

  /** Let go of what is open. No read may be going on. */
  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.file.close()
  }
}

async function statOf(file: FileHandle): Promise<BigIntStats> {
  try {
    return await file.stat({ bigint: true })
  } catch (error) {
    await file.close()
    throw error
  }
}

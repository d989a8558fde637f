/**
 * The part of a file or folder that has come so far, on the disk:
 *
 *     FOLDER/.sotto-ID.part/NAME      0700, its files 0600, in the folder that the user chose
 *
 * Files are made in the order of the offer and only ever grow, so their sizes tell how far it has come, whatever ended
 * the program. Every file and folder is one that this made itself, which is how two names come out that are one to the
 * file system, as where case does not count. No link is followed.
 *
 * Every method throws the system's error if the disk fails, and SottoError `ERR_FILE_SAVE_FAILED` if it has no place
 * for a name.
 *
 * @module
 */
import { createHash, type Hash } from 'node:crypto'
import { constants, fstatSync } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SottoError } from '#lib/errors.ts'
import { PRIVATE_DIRECTORY_MODE, PRIVATE_FILE_MODE } from '#lib/runtime/files.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { type Content, type ContentEntry, splitPath } from '../offer/content.ts'
import { sha256Of } from './hash-file.ts'

/** The mode of a file that is, by the offer, a program: its owner may run it. */
const PROGRAM_MODE = 0o700

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants

/** How many files may be on their way to the disk after their last byte. */
const MOST_CLOSING = 16

interface OpenFile {
  readonly entry: ContentEntry
  readonly file: FileHandle
  written: number
  /** The running hash of all that was written; undefined where some of it was there before. */
  readonly hash: Hash | undefined
}

export class Partial {
  /** Its folder. */
  readonly root: string
  readonly #content: Content
  /** The index of the entry that is being written, or is next. */
  #index = 0
  #open: OpenFile | undefined
  /** Whether all that was met so far was there before. */
  #isResuming = true
  /** Entries that were there before, at least in part: their hashes are to be looked at. */
  readonly #unchecked: ContentEntry[] = []
  /** The folders of it by their paths, and who each file and folder is to the file system. */
  readonly #folders = new Set<string>()
  readonly #identities = new Set<string>()
  readonly #closing = new Set<Promise<void>>()
  #closingError: unknown

  /** Go on with what is there, or begin. */
  static async open(folder: string, id: string, content: Content): Promise<Partial> {
    const partial = new Partial(partialPath(folder, id), content)
    try {
      await partial.#enterRoot()
      await partial.#advance()
      return partial
    } catch (error) {
      await partial.close()
      throw error
    }
  }

  private constructor(root: string, content: Content) {
    this.root = root
    this.#content = content
  }

  /** The position up to which the content is on the disk. */
  get position(): number {
    if (this.#open !== undefined) return this.#open.entry.start + this.#open.written
    // Between two files it is where the next begins, and behind the last one where all ends.
    return this.#content.entries[this.#index]?.start ?? this.#content.size
  }

  /** Whether something of it may not have come to the disk, though it was written. */
  get isUnflushed(): boolean {
    return this.#closingError !== undefined
  }

  /**
   * Append to it.
   *
   * @param pieces - What follows on {@link position}, and no more than the content has.
   * @throws SottoError `ERR_FILE_DAMAGED` if a file is whole now and not what was offered.
   */
  async append(pieces: readonly Buffer[]): Promise<void> {
    let run: Buffer[] = []
    let length = 0
    for (const piece of pieces) {
      for (let rest = piece; rest.length > 0; ) {
        const open = this.#needOpen()
        const fitting = rest.subarray(0, open.entry.size - open.written - length)
        open.hash?.update(fitting)
        run.push(fitting)
        length += fitting.length
        rest = rest.subarray(fitting.length)
        if (open.written + length < open.entry.size) continue
        await this.#write(open, run)
        ;[run, length] = [[], 0]
        await this.#complete(open)
      }
    }
    if (length > 0) await this.#write(this.#needOpen(), run)
  }

  #needOpen(): OpenFile {
    if (this.#open === undefined) throw new TypeError('there is no more of it')
    return this.#open
  }

  async #write(open: OpenFile, pieces: readonly Buffer[]): Promise<void> {
    const { bytesWritten } = await open.file.writev(pieces, open.written)
    open.written += bytesWritten
    if (bytesWritten === pieces.reduce((sum, { length }) => sum + length, 0)) return
    // A disk that is about to be full takes a part of it.
    const rest = Buffer.concat(pieces).subarray(bytesWritten)
    for (let offset = 0; offset < rest.length; ) {
      const { bytesWritten: more } = await open.file.write(rest, offset, rest.length - offset, open.written)
      offset += more
      open.written += more
    }
  }

  async #complete({ entry, hash }: OpenFile): Promise<void> {
    if (hash === undefined) this.#unchecked.push(entry)
    else if (!hash.digest().equals(entry.sha256)) throw damaged()
    this.#index += 1
    await this.#letGo()
    await this.#advance()
  }

  /** Have the open file brought to the disk and closed, beside what comes next. */
  async #letGo(): Promise<void> {
    const file = this.#open?.file
    this.#open = undefined
    if (file === undefined) return
    const closing: Promise<void> = file
      .sync()
      .finally(() => file.close())
      .catch((error: unknown) => {
        this.#closingError ??= error
      })
      .finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
    if (this.#closing.size >= MOST_CLOSING) await Promise.race(this.#closing)
  }

  /** Go on to the next file that lacks something, and make whatever is empty on the way. */
  async #advance(): Promise<void> {
    for (; this.#index < this.#content.entries.length; this.#index += 1) {
      const entry = this.#content.entries[this.#index] as ContentEntry
      if (entry.folder) {
        await this.#enter(entry.path)
        continue
      }
      const { folder } = splitPath(entry.path)
      if (folder !== undefined) await this.#enter(folder)
      this.#open = await this.#openFile(entry)
      if (this.#open.written < entry.size) return
      this.#unchecked.push(entry)
      await this.#letGo()
    }
  }

  async #openFile(entry: ContentEntry): Promise<OpenFile> {
    const path = join(this.root, entry.path)
    const mode = entry.executable ? PROGRAM_MODE : PRIVATE_FILE_MODE
    let file: FileHandle
    try {
      file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
      this.#isResuming = false
    } catch (error) {
      if (!hasSystemCode(error, 'EEXIST') || !this.#isResuming) throw asCollision(error)
      file = await open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK)
    }
    try {
      // In step: the system has just looked at it, and to ask in a thread takes longer.
      const stats = fstatSync(file.fd, { bigint: true })
      this.#meet(stats)
      if (!stats.isFile() || stats.nlink !== 1n || stats.size > BigInt(entry.size)) throw foreign()
      const written = Number(stats.size)
      return { entry, file, written, hash: written === 0 ? createHash('sha256') : undefined }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async #enterRoot(): Promise<void> {
    await makeFolder(this.root)
  }

  /** Make a folder of it, and those above, unless it is there already. */
  async #enter(path: string): Promise<void> {
    if (this.#folders.has(path)) return
    const { folder } = splitPath(path)
    if (folder !== undefined) await this.#enter(folder)
    const isNew = await makeFolder(join(this.root, path))
    if (!isNew && !this.#isResuming) throw collision()
    if (isNew) this.#isResuming = false
    this.#meet(await lstat(join(this.root, path), { bigint: true }))
    this.#folders.add(path)
  }

  /** Note who a file or a folder is: one that was met before, under another name, is no other. */
  #meet({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): void {
    const identity = `${dev}:${ino}`
    if (this.#identities.has(identity)) throw collision()
    this.#identities.add(identity)
  }

  /**
   * Look at all that was not looked at as it came; then all of it is what was offered, and on the disk.
   *
   * @param signal - Ends it, for it may take minutes: it is of use no more then, and another one can go on.
   * @throws SottoError `ERR_FILE_DAMAGED` if it is not; the signal's reason.
   */
  async check(signal: AbortSignal): Promise<void> {
    if (this.position < this.#content.size) throw new TypeError('it is not whole')
    for (const { path, sha256 } of this.#unchecked.splice(0)) {
      if (!(await sha256Of(join(this.root, path), signal)).equals(sha256)) throw damaged()
    }
    await Promise.all(this.#closing)
    if (this.#closingError !== undefined) throw this.#closingError
  }

  /** Let go of what is open; it can be gone on with. */
  async close(): Promise<void> {
    const file = this.#open?.file
    this.#open = undefined
    await Promise.all([...this.#closing, file?.close()])
  }
}

/** The path of the folder of a partial. */
export function partialPath(folder: string, id: string): string {
  return join(folder, `.sotto-${id}.part`)
}

/** Remove what has come. */
export async function discardPartial(folder: string, id: string): Promise<void> {
  await rm(partialPath(folder, id), { recursive: true, force: true })
}

/** @returns false if it was there already. @throws SottoError `ERR_FILE_SAVE_FAILED` if something else is there. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: PRIVATE_DIRECTORY_MODE })
    return true
  } catch (error) {
    if (!hasSystemCode(error, 'EEXIST')) throw error
    if (!(await lstat(path)).isDirectory()) throw foreign()
    return false
  }
}

function asCollision(error: unknown): unknown {
  return hasSystemCode(error, 'EEXIST') ? collision() : error
}

function collision(): SottoError {
  return new SottoError('ERR_FILE_SAVE_FAILED', 'two of its names are one to this disk', {
    hint: 'choose a folder on a disk that tells upper case from lower case',
  })
}

function foreign(): SottoError {
  return new SottoError('ERR_FILE_SAVE_FAILED', 'something else has come among what was received so far', {
    hint: 'have it offered again',
  })
}

function damaged(): SottoError {
  return new SottoError('ERR_FILE_DAMAGED', 'what came is not what was offered', { hint: 'have it offered again' })
}

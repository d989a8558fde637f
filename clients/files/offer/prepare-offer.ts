/**
 * Makes an offer of something on the disk: a file, or a folder with all that is in it.
 *
 * A folder is walked whole before anything is read, so that one with too much in it is refused at once. Its entries come
 * in the order of their names' bytes, folder by folder, so that the same content makes the same offer again. Within it
 * links are not followed: what they lead to may lie anywhere. The path that the user names may well be one; the offer has
 * its name, as {@link savedName} has it, and what it leads to.
 *
 * @module
 */
import { type BigIntStats, constants, type Dirent, fstatSync, readSync } from 'node:fs'
import { access, lstat, open, readdir, realpath } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { FileEntry, FileEntryType, type FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { isPath } from '#lib/delivery/file-events.ts'
import { MAX_MANIFEST_BYTES, MAX_OFFER_FOLDERS, SHA256_BYTES } from '#lib/delivery/limits.ts'
import { makeOffer } from '#lib/delivery/manifest.ts'
import { SottoError } from '#lib/errors.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { escapeName } from '../../terminal/escape.ts'
import { hashOpenFile, READ_FLAGS } from '../disk/hash-file.ts'
import { savedName } from '../disk/saved-name.ts'

export interface PrepareOptions {
  readonly signal: AbortSignal
  /** Takes the progress of hashing, in bytes. */
  readonly onHashed?: (hashed: number, total: number) => void
}

export interface PreparedOffer {
  readonly offer: FileOffer
  /** The path on this machine, without links: the file, or the folder that the entries' first name stands for. */
  readonly path: string
  /** Paths on this machine of what is no part of the offer: links, sockets, devices and pipes. */
  readonly skipped: readonly string[]
}

/** The bytes that an entry takes in a list beside itself: its tag (1), and its length (1 to 3). */
const ENTRY_OVERHEAD_BYTES = 4

/** A hash's place before the file is read: only its length is known. */
const NO_HASH = Buffer.alloc(SHA256_BYTES)

/**
 * Make an offer of a file or a folder.
 *
 * @throws SottoError
 *   - `ERR_INVALID_FILE`, which names the path, for what is not there, cannot be read, changes meanwhile, holds
 *     more or less than its size says, has a name that no offer may have, or is no file,
 *   - `ERR_MESSAGE_TOO_LARGE` for a folder of more files than a manifest has room for,
 *   - the signal's reason.
 */
export async function prepareOffer(path: string, { signal, onHashed }: PrepareOptions): Promise<PreparedOffer> {
  const { root, walk } = await walked(path, signal)
  const total = walk.found.reduce((sum, { entry }) => sum + Number(entry.size), 0)
  let hashed = 0
  onHashed?.(hashed, total)
  const entries: FileEntry[] = []
  for (const { at, entry } of walk.found) {
    const sha256 =
      entry.type === FileEntryType.FOLDER
        ? Buffer.alloc(0)
        : await hashOf(at, entry.size, signal, (bytes) => {
            hashed += bytes
            onHashed?.(hashed, total)
          })
    entries.push({ ...entry, sha256 })
  }
  return { offer: makeOffer(entries), path: root, skipped: walk.skipped }
}

/**
 * See that all of these can be offered, as far as that shows before a file is read, so that none is offered if one cannot
 * be.
 *
 * @throws SottoError as {@link prepareOffer}, for the first that cannot be.
 */
export async function checkOfferable(paths: readonly string[], signal: AbortSignal): Promise<void> {
  for (const path of paths) {
    const { walk } = await walked(path, signal)
    for (const { at } of walk.found) {
      await access(at, constants.R_OK).catch((cause: unknown) => Promise.reject(unreadable(at, cause)))
    }
  }
}

async function walked(path: string, signal: AbortSignal): Promise<{ readonly root: string; readonly walk: Walk }> {
  const named = absolute(path)
  const root = await followed(named)
  const walk = new Walk(signal)
  await walk.root(root, Buffer.from(savedName(basename(named))))
  return { root, walk }
}

/** An empty path would be the current folder, and the root has no name; it would be walked whole before that showed. */
function absolute(path: string): string {
  if (path === '') throw new SottoError('ERR_INVALID_FILE', 'the path is empty', { hint: 'name a file or a folder' })
  const named = resolve(path)
  if (basename(named) === '') throw invalid(named, 'has no name to be offered under')
  return named
}

/** A file or folder that is to be an entry, and its path. */
interface Found {
  readonly at: string
  readonly entry: FileEntry
}

class Walk {
  readonly found: Found[] = []
  readonly skipped: string[] = []
  readonly #signal: AbortSignal
  /** The bytes of the entries as a list. */
  #bytes = 0
  #folders = 0

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  async root(at: string, name: Buffer): Promise<void> {
    const stats = await statOf(at)
    if (stats.isDirectory()) await this.#folder(at, name)
    else if (stats.isFile()) this.#add(at, name, stats)
    else throw invalid(at, 'is neither a file nor a folder')
  }

  async #folder(at: string, path: Buffer): Promise<void> {
    this.#signal.throwIfAborted()
    checkPath(at, path)
    this.#folders += 1
    if (this.#folders > MAX_OFFER_FOLDERS) throw tooMany(`more folders in it than ${MAX_OFFER_FOLDERS}`)
    const before = this.found.length
    for (const dirent of await namesIn(at)) await this.#inFolder(at, path, dirent)
    // A folder is told of by what is in it, and an empty one by itself.
    if (this.found.length === before) this.#add(at, path)
  }

  async #inFolder(folder: string, path: Buffer, dirent: Dirent<Buffer>): Promise<void> {
    const inside = Buffer.concat([path, SLASH, dirent.name])
    const at = `${folder === '/' ? '' : folder}/${dirent.name}`
    if (dirent.isDirectory()) await this.#folder(at, inside)
    else if (dirent.isFile()) {
      // Before the file is looked for under a name that may not be the one it has.
      checkPath(at, inside)
      this.#add(at, inside, await statOf(at))
    } else this.skipped.push(at)
  }

  #add(at: string, path: Buffer, stats?: BigIntStats): void {
    checkPath(at, path)
    const entry: FileEntry =
      stats === undefined
        ? { path, size: 0n, sha256: Buffer.alloc(0), type: FileEntryType.FOLDER }
        : { path, size: stats.size, sha256: NO_HASH, type: typeOf(stats) }
    this.#bytes += FileEntry.encode(entry).finish().length + ENTRY_OVERHEAD_BYTES
    if (this.#bytes > MAX_MANIFEST_BYTES) throw tooMany(`more files in it than ${this.found.length}`)
    this.found.push({ at, entry })
  }
}

function tooMany(what: string): SottoError {
  return new SottoError('ERR_MESSAGE_TOO_LARGE', `there are ${what}, too many`, {
    hint: 'nothing was offered; make an archive of the folder, such as with tar, and offer that',
  })
}

const SLASH = Buffer.from('/')

/**
 * The names in a folder, in the order of their bytes. Names are bytes to the file system, and not all of them are text.
 */
async function namesIn(at: string): Promise<Dirent<Buffer>[]> {
  try {
    const dirents = await readdir(at, { withFileTypes: true, encoding: 'buffer' })
    return dirents.sort((one, other) => Buffer.compare(one.name, other.name))
  } catch (cause) {
    throw unreadable(at, cause)
  }
}

async function followed(at: string): Promise<string> {
  try {
    return await realpath(at)
  } catch (cause) {
    throw unreadable(at, cause)
  }
}

async function statOf(at: string): Promise<BigIntStats> {
  try {
    return await lstat(at, { bigint: true })
  } catch (cause) {
    throw unreadable(at, cause)
  }
}

/** Whether its owner may run it. */
function typeOf({ mode }: BigIntStats): FileEntryType {
  return (mode & BigInt(constants.S_IXUSR)) === 0n ? FileEntryType.FILE : FileEntryType.EXECUTABLE
}

function checkPath(at: string, path: Buffer): void {
  if (isPath(path)) return
  throw invalid(at, 'has a name that not every system can take', {
    hint: 'no backslash, no control character and none that turns the direction of writing; UTF-8, and 255 bytes at most',
  })
}

/** The SHA-256 of a file that stays as it is while it is read. */
async function hashOf(at: string, size: bigint, signal: AbortSignal, onRead: (bytes: number) => void): Promise<Buffer> {
  try {
    await using file = await open(at, READ_FLAGS)
    const before = fstatSync(file.fd, { bigint: true })
    if (!before.isFile() || before.size !== size) throw changed(at)
    const { sha256, bytes } = await hashOpenFile(file, { most: Number(size), signal, onRead })
    // In step, for it takes longer to ask in a thread.
    const beyond = readSync(file.fd, Buffer.alloc(1), 0, 1, Number(size))
    const after = fstatSync(file.fd, { bigint: true })
    if (after.size !== size || after.mtimeNs !== before.mtimeNs) throw changed(at)
    if (BigInt(bytes) !== size || beyond > 0) throw notItsSize(at)
    return sha256
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw unreadable(at, error)
    throw error
  }
}

function unreadable(at: string, cause: unknown): SottoError {
  // Bytes of a name that are no UTF-8 come as U+FFFD, under which nothing is found.
  if (hasSystemCode(cause, 'ENOENT') && at.includes('\uFFFD')) {
    return invalid(at, 'is not there; its name may not be UTF-8', { cause, hint: 'rename it, and try again' })
  }
  if (hasSystemCode(cause, 'ENOENT')) return invalid(at, 'is not there', { cause, hint: 'check the path' })
  if (hasSystemCode(cause, 'EACCES')) return invalid(at, 'may not be read', { cause, hint: 'check its permissions' })
  return invalid(at, 'cannot be read', { cause, hint: 'check the path, its permissions and its disk' })
}

function changed(at: string): SottoError {
  return invalid(at, 'changes while it is read', { hint: 'offer it when whatever writes it is done' })
}

/** Such as a file of /proc, of size 0 whatever is read from it. */
function notItsSize(at: string): SottoError {
  return invalid(at, 'holds more or less than its size says', { hint: 'copy what is in it to a file, and offer that' })
}

function invalid(at: string, what: string, options: { cause?: unknown; hint?: string } = {}): SottoError {
  return new SottoError('ERR_INVALID_FILE', `${escapeName(at)} ${what}`, {
    hint: 'name a file or a folder',
    ...options,
  })
}

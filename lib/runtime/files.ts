/**
 * Private files: readable by nobody else, and written whole or not at all.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, statSync } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SottoError } from '../errors.ts'
import { hasSystemCode } from './system-errors.ts'

/** The mode of files that only the owner may read. */
export const PRIVATE_FILE_MODE = 0o600
/** The mode of folders that only the owner may enter. */
export const PRIVATE_DIRECTORY_MODE = 0o700

/**
 * Make a folder, and those above it that lack, for the owner alone. One that is there stays as it is.
 *
 * Not with the `recursive` of Node.js: below a folder that lets nobody make anything and says that it is not there, as
 * `/proc` does, that tries for ever.
 *
 * @throws Error of the operating system, such as `ENOTDIR`.
 */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  try {
    await makeDirectory(path)
  } catch (error) {
    const above = dirname(path)
    if (!hasSystemCode(error, 'ENOENT') || above === path) throw error
    await ensurePrivateDirectory(above)
    await makeDirectory(path)
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: PRIVATE_DIRECTORY_MODE })
  } catch (error) {
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory() !== true) throw error
  }
}

/**
 * Make an empty file for the owner alone, unless there is one: for a database, which would make its file for everybody
 * to read.
 *
 * One that is there is not even opened. To close it again would let go of all locks that this process has on it
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
export function ensurePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE_FILE_MODE))
  } catch (error) {
    if (!hasSystemCode(error, 'EEXIST')) throw error
  }
}

/**
 * Write a file so that a reader, or a crash at any moment, sees either all of the old content or all of the new.
 *
 * The bytes go to a new file beside it, which is flushed to the disk and then renamed over it. Where root does that, the
 * file stays its owner's, who could not read it otherwise.
 *
 * @param mode - The permissions of the file; {@link PRIVATE_FILE_MODE} unless it is meant for others.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  mode: number = PRIVATE_FILE_MODE,
): Promise<void> {
  const temporary = temporaryBeside(path)
  const owner = process.getuid?.() === 0 ? await lstat(path).catch(() => undefined) : undefined
  try {
    await writeNewFile(temporary, content, mode, owner)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await flushDirectory(dirname(path))
}

/** A name beside a file or folder that nobody else takes, for what is to become it. */
export function temporaryBeside(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`
}

/** Whose a file is. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Write a file that is not there yet, and flush it to the disk.
 *
 * @param owner - Whose it is to be; the present user's unless set.
 * @throws Error of the operating system, such as `EEXIST`.
 */
export async function writeNewFile(
  path: string,
  content: string | Uint8Array,
  mode = PRIVATE_FILE_MODE,
  owner?: Owner,
): Promise<void> {
  // wx: the names are random, so a file that is there already was put there by somebody.
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(content)
    // By the open file: whoever may write the folder could have put a link in the place of its name.
    if (owner !== undefined) await file.chown(owner.uid, owner.gid)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Write a file as {@link writeFileAtomically} does, remove what a crash has left of earlier tries, and then overwrite the
 * old content where it lay, for it may be a secret. That is as much as a program can do: what copies a drive, a file
 * system or a backup has made of it is out of reach.
 *
 * @returns Whether the old content was overwritten: not where another link leads to it, such as a backup's, or where the
 *   disk refuses. The new content is in its place in any case.
 */
export async function replaceFile(path: string, content: Uint8Array): Promise<boolean> {
  const old = await open(path, 'r+')
  try {
    await removeTemporaries(path)
    await writeFileAtomically(path, content)
    return await overwrite(old)
  } finally {
    await old.close()
  }
}

/** A file's content, and who may read it. */
export interface ReadFile {
  readonly content: Buffer
  /** Its permission bits. */
  readonly mode: number
}

/**
 * Read a file that {@link replaceFile} may be replacing: what is overwritten there is never taken for its content.
 *
 * @returns undefined where there is no such file.
 */
export async function readReplacedFile(path: string): Promise<ReadFile | undefined> {
  for (;;) {
    const file = await openIfPresent(path)
    if (file === undefined) return undefined
    try {
      const content = await file.readFile()
      const { nlink, mode } = await file.stat()
      // It still has its name, so nobody had begun to overwrite it.
      if (nlink > 0) return { content, mode }
    } finally {
      await file.close()
    }
  }
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function overwrite(file: FileHandle): Promise<boolean> {
  const { nlink, size } = await file.stat()
  if (nlink > 0) return false
  try {
    await file.write(Buffer.alloc(size), 0, size, 0)
    await file.sync()
    return true
  } catch {
    return false
  }
}

/** Remove what {@link writeFileAtomically} leaves beside a file where a crash ends it. Nobody may be writing it now. */
async function removeTemporaries(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)]
  const left = (await readdir(folder)).filter((other) => other.startsWith(`${name}.`) && other.endsWith('.tmp'))
  for (const other of left) await rm(join(folder, other), { force: true })
}

/** A name is on the disk only once its folder is, as far as the file system knows how: some do not, over a network as a rule. */
export async function flushDirectory(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } catch (error) {
    if (!hasSystemCode(error, 'EINVAL') && !hasSystemCode(error, 'ENOTSUP')) throw error
  } finally {
    await folder.close()
  }
}

/** A file's bytes, or undefined where there is no such file. */
export async function readFileIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** How old a change must be to be told from one after it: the coarsest times of files are in steps of 2 s, on FAT. */
const SETTLED_MS = 2_000

/**
 * Tell a file's content from any other that it had or will have, without reading it. It holds for files that are written
 * as by {@link writeFileAtomically}. It does not wait for a thread: a look takes some microseconds, and is on the way of
 * every text.
 *
 * @returns Undefined where it cannot be told: there is no file, or it changed in the last 2 s, and what is written next
 *   might bear the same time.
 * @throws Error of the operating system, other than `ENOENT`.
 */
export function fileVersionOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (found === undefined) return undefined
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs } = found
  return Date.now() - Number(mtimeMs) < SETTLED_MS ? undefined : [dev, ino, size, mtimeNs, ctimeNs].join(':')
}

/**
 * The text of a file that a setting names, such as a password's, without the line feed that an editor leaves.
 *
 * @throws SottoError `ERR_CONFIG` if it cannot be read.
 */
export async function readSecretFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch (cause) {
    throw new SottoError('ERR_CONFIG', `cannot read the file ${path}`, {
      cause,
      hint: 'check its path and permissions',
    })
  }
}

/**
 * How many files and connections this process may have open at once: `ulimit -n`. Node.js raises the soft limit to the
 * hard one when it starts.
 *
 * @returns undefined where this machine does not say it, or there is no limit.
 */
export async function openFilesLimit(): Promise<number | undefined> {
  const limits = (await readFileIfPresent('/proc/self/limits'))?.toString() ?? ''
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? []
  return soft === undefined ? undefined : Number(soft)
}

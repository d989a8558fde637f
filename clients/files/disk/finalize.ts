/**
 * Gives what has come its name, and takes nobody else's: where the name is taken, it is "name (1).ext", and so on. What
 * is there is never written over, not even if it comes into being in the same moment.
 *
 * @module
 */
import { link, lstat, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MAX_PATH_NAME_BYTES } from '#lib/delivery/limits.ts'
import { SottoError } from '#lib/errors.ts'
import { flushDirectory, PRIVATE_DIRECTORY_MODE, PRIVATE_FILE_MODE } from '#lib/runtime/files.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'

/** How many names are tried. */
const MOST_NAMES = 10_000

/** The longest extension of a name, with its full stop; anything longer belongs to the name. */
const LONGEST_EXTENSION = 32

export interface Finalizing {
  /** The path of what is to get a name; it is on the same disk as the folder. */
  readonly from: string
  readonly isFolder: boolean
  readonly folder: string
  readonly name: string
  /** Puts down what it is about to become, for {@link wasFinalized}. */
  readonly noteTargetPath: (targetPath: string) => void
}

/** @returns what it has become, absolute. @throws SottoError `ERR_FILE_SAVE_FAILED` if all names are taken; the system's error. */
export async function finalize({ from, isFolder, folder, name, noteTargetPath }: Finalizing): Promise<string> {
  for (let count = 0; count < MOST_NAMES; count += 1) {
    const targetPath = join(folder, numbered(name, count, isFolder))
    if (await isThere(targetPath)) continue
    noteTargetPath(targetPath)
    if (await (isFolder ? finalizeFolder(from, targetPath) : finalizeFile(from, targetPath))) {
      await flushDirectory(dirname(targetPath))
      return targetPath
    }
  }
  throw new SottoError('ERR_FILE_SAVE_FAILED', 'all names that it could have are taken', {
    hint: 'choose another folder',
  })
}

/** Whether {@link finalize} had given it its name when the program ended in the middle of it. What it left is cleared. */
export async function wasFinalized(
  { from, isFolder }: Pick<Finalizing, 'from' | 'isFolder'>,
  targetPath: string,
): Promise<boolean> {
  if (!(await isThere(from))) return await isThere(targetPath)
  // A folder was made for it that it did not come to.
  if (isFolder) await rmdir(targetPath).catch(() => undefined)
  else if (await isSameFile(from, targetPath)) {
    await unlink(from)
    return true
  }
  return false
}

// A rename would replace what is there; a link does not.
async function finalizeFile(from: string, targetPath: string): Promise<boolean> {
  try {
    await link(from, targetPath)
    await unlink(from)
    return true
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return false
    if (!WITHOUT_LINKS.some((code) => hasSystemCode(error, code))) throw error
  }
  // This file system has no links: the name is taken by an empty file of ours, which the rename replaces.
  try {
    await (await open(targetPath, 'wx', PRIVATE_FILE_MODE)).close()
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return false
    throw error
  }
  await rename(from, targetPath)
  return true
}

const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'] as const

// A folder can be renamed onto an empty one alone, and this one is ours.
async function finalizeFolder(from: string, targetPath: string): Promise<boolean> {
  try {
    await mkdir(targetPath, { mode: PRIVATE_DIRECTORY_MODE })
    await rename(from, targetPath)
    return true
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST') || hasSystemCode(error, 'ENOTEMPTY')) return false
    throw error
  }
}

/** `name (2).ext`, no longer than a name may be; the name itself for 0. */
export function numbered(name: string, count: number, isFolder: boolean): string {
  if (count === 0) return name
  const dot = isFolder ? -1 : name.lastIndexOf('.')
  const hasExtension = dot > 0 && name.length - dot <= LONGEST_EXTENSION
  const [stem, extension] = hasExtension ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const ending = ` (${count})${extension}`
  let kept = stem
  // Whole characters are taken away, of which some are two units.
  while (kept !== '' && Buffer.byteLength(kept + ending) > MAX_PATH_NAME_BYTES) kept = [...kept].slice(0, -1).join('')
  return kept + ending
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return false
    throw error
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  if (!(await isThere(other))) return false
  const [a, b] = [await lstat(one, { bigint: true }), await lstat(other, { bigint: true })]
  return a.dev === b.dev && a.ino === b.ino
}

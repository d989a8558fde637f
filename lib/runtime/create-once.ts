/**
 * Files that several processes may want to make at once, such as keys at a first start: one of them makes them, whole,
 * and the others find them.
 *
 * @module
 */
import { link, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  ensurePrivateDirectory,
  flushDirectory,
  PRIVATE_DIRECTORY_MODE,
  temporaryBeside,
  writeNewFile,
} from './files.ts'
import { hasSystemCode } from './system-errors.ts'

/** A file that is to be made. */
export interface NewFile {
  readonly name: string
  readonly content: string | Uint8Array
  /** Its permissions: the owner's alone unless it is meant for others. */
  readonly mode?: number
}

/**
 * Make a folder with its files; nobody ever sees it without one of them.
 *
 * @returns Whether this call made it: false where there is one already that is not empty, which stays as it is.
 * @throws Error of the operating system.
 */
export async function createFolderOnce(folder: string, files: readonly NewFile[]): Promise<boolean> {
  const temporary = temporaryBeside(folder)
  await ensurePrivateDirectory(dirname(folder))
  await mkdir(temporary, { mode: PRIVATE_DIRECTORY_MODE })
  try {
    for (const { name, content, mode } of files) await writeNewFile(join(temporary, name), content, mode)
    await flushDirectory(temporary)
    // It takes the place of an empty folder, and of no other (rename(2)).
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    if (hasSystemCode(error, 'ENOTEMPTY') || hasSystemCode(error, 'EEXIST')) return false
    throw error
  }
  await flushDirectory(dirname(folder))
  return true
}

/**
 * Make a file, for the owner alone, in a folder that is made where it lacks; nobody ever sees a part of it.
 *
 * @returns Whether this call made it: false where there is one already, which stays as it is.
 * @throws Error of the operating system.
 */
export async function createFileOnce(path: string, content: Uint8Array): Promise<boolean> {
  const temporary = temporaryBeside(path)
  await ensurePrivateDirectory(dirname(path))
  try {
    await writeNewFile(temporary, content)
    await link(temporary, path)
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
  await flushDirectory(dirname(path))
  return true
}

/**
 * Files to send: a large one, and many small ones.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const MIB = 1024 * 1024

/** Write a file of so many MiB that nothing can compress. @returns its path. */
export async function bigFile(folder: string, mebibytes: number): Promise<string> {
  const path = join(folder, `${mebibytes}.bin`)
  await using file = await open(path, 'w')
  for (let count = 0; count < mebibytes; count += 1) await file.write(randomBytes(MIB))
  await file.sync()
  return path
}

/** Write so many files of so many bytes into a new folder. @returns its path. */
export async function manyFiles(folder: string, count: number, bytes: number): Promise<string> {
  const path = join(folder, 'many')
  await mkdir(path)
  for (let number = 0; number < count; number += 1) await writeFile(join(path, `${number}.bin`), randomBytes(bytes))
  return path
}

/** The rate of a transfer, in MB a second. */
export function megabytesPerSecond(mebibytes: number, ms: number): number {
  return (mebibytes * MIB) / 1e3 / ms
}

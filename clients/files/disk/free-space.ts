/**
 * The free space of a disk, less the files that were accepted and have not come yet: files that fit one by one may not
 * fit together.
 *
 * @module
 */
import { stat, statfs } from 'node:fs/promises'
import type { Transfer } from '../../store/transfers/transfer.ts'

/**
 * The space to leave free beside a file that comes, in bytes, of which an error tells: the store and other programs need
 * some, too.
 */
const SPARE_BYTES = 16 * 1024 * 1024

export interface FreeSpace {
  /** The space that a file may take if nothing else comes, in bytes; below 0 if the disk is as good as full. */
  readonly bytes: number
  /** The same if nothing else were on it. */
  readonly most: number
  /** How much of that is spoken for, in bytes: what else was accepted and has not come yet. */
  readonly spokenFor: number
}

/**
 * Look at the disk of a folder.
 *
 * @param transfers - All that there are.
 * @throws the system's error if the folder is not there.
 */
export async function freeSpace(folder: string, transfers: readonly Transfer[]): Promise<FreeSpace> {
  const { dev } = await stat(folder)
  const coming = transfers.filter(({ direction, state }) => direction === 'downloading' && state === 'accepted')
  const left = coming.map(async ({ path, size, position }) => {
    return path !== undefined && (await deviceOf(path)) === dev ? size - position : 0
  })
  const spokenFor = (await Promise.all(left)).reduce((sum, bytes) => sum + bytes, 0)
  // After that: what comes meanwhile counts twice, and not never.
  const { blocks, bavail, bsize } = await statfs(folder)
  return { bytes: bavail * bsize - SPARE_BYTES, most: blocks * bsize - SPARE_BYTES, spokenFor }
}

/** The device of a folder; undefined if the folder has gone, as nothing comes to it then. */
async function deviceOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ dev }) => dev,
    () => undefined,
  )
}

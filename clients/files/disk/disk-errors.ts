/**
 * The failures of a disk, as errors about a file that is downloaded or uploaded.
 *
 * @module
 */
import { isSottoError, SottoError } from '#lib/errors.ts'

/** The system's failures by code: what is wrong, and what to do. */
const SAVE_FAILURES: ReadonlyMap<string, readonly [what: string, hint: string]> = new Map([
  ['ENOSPC', ['the disk is full', 'free some space; then it goes on by itself']],
  ['EDQUOT', ['the quota of the disk is used up', 'free some space; then it goes on by itself']],
  ['EFBIG', ['it is larger than a file may be here', 'choose a folder on another disk']],
  ['EACCES', ['the folder may not be written', 'check its permissions, or choose another']],
  ['EPERM', ['the folder may not be written', 'check its permissions, or choose another']],
  ['EROFS', ['the folder is on a disk that is only read', 'choose another']],
  ['ENOENT', ['the folder is not there', 'choose another']],
  ['ENOTDIR', ['that is no folder', 'choose another']],
  ['ENAMETOOLONG', ['its names are too long for this disk', 'choose a folder on another disk']],
  ['EILSEQ', ['its names are none to this disk', 'choose a folder on another disk']],
])

/** The failures that are over once there is room. */
const WITHOUT_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** How often to look whether there is room again, in milliseconds: it takes a system call for each that waits. */
export const ROOM_INTERVAL_MS = 2_000

/** Do something with the disk that a file comes to, and tell its failures as `ERR_FILE_SAVE_FAILED`. */
export async function kept<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (isSottoError(cause) || !(cause instanceof Error && 'code' in cause)) throw cause
    const code = String(cause.code)
    const [what, hint] = SAVE_FAILURES.get(code) ?? ['the disk fails to write it', 'check the disk']
    const retry = WITHOUT_ROOM.has(code) && { retryAfterMs: ROOM_INTERVAL_MS }
    throw new SottoError('ERR_FILE_SAVE_FAILED', what, { cause, hint, ...retry })
  }
}

/** Whether what failed is that there was no room: it may succeed once somebody has freed some. */
export function isOfRoom(error: unknown): boolean {
  return isSottoError(error, 'ERR_FILE_SAVE_FAILED') && error.retryAfterMs !== undefined
}

/** Do something with a file that is offered, and tell its failures as `ERR_FILE_SOURCE_CHANGED`. */
export async function stillThere<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (isSottoError(cause) || !(cause instanceof Error && 'code' in cause)) throw cause
    throw sourceChanged(cause)
  }
}

/** @param cause - Undefined where it is another than it was. */
export function sourceChanged(cause?: unknown): SottoError {
  const message = cause === undefined ? 'what was offered was changed' : 'what was offered cannot be read any more'
  return new SottoError('ERR_FILE_SOURCE_CHANGED', message, { cause, hint: 'offer it again' })
}

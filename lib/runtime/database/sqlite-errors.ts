/**
 * SQLite's failures as errors: those that the machine causes, and not our code.
 *
 * @module
 */
import { type ErrorCode, isSottoError, SottoError } from '../../errors.ts'

/** The codes for failures of a database: those for a caller elsewhere, or those of this machine. */
export interface StoreCodes {
  readonly full: ErrorCode
  readonly other: ErrorCode
}

/** SQLITE_FULL: a primary result code (https://www.sqlite.org/rescode.html), as are those below. */
const FULL = 13

const FAILURES: ReadonlyMap<number, readonly [what: string, hint: string]> = new Map([
  [5, ['the database is locked by another program', 'wait for it to end']],
  [8, ['the database may not be written', 'check the permissions of its folder']],
  [10, ['the disk fails to read or write the database', 'check the disk']],
  [11, ['the database is damaged', 'restore it from a backup']],
  [FULL, ['the disk is full', 'free some space; nothing that was stored is lost']],
  [14, ['the database cannot be opened', 'check the permissions of its folder']],
  [26, ['the database is none', 'restore it from a backup']],
])

/** Do something with SQLite, and tell what the machine refuses as a SottoError. A mistake of ours stays what it is. */
export function asStoreErrors<T>(codes: StoreCodes, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof Error && 'errcode' in cause)) throw cause
    const code = Number(cause.errcode) & 0xff
    const [what, hint] = FAILURES.get(code) ?? []
    if (what === undefined || hint === undefined) throw cause
    throw new SottoError(code === FULL ? codes.full : codes.other, what, { cause, hint })
  }
}

/** The reason to add to `cannot open the database`. */
export function reasonOf(cause: unknown): string {
  return isSottoError(cause) ? `: ${cause.message}` : ''
}

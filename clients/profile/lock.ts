/**
 * Locks between processes: who may write a profile now, and who receives for it.
 *
 * A lock is a transaction left open on an empty SQLite file. What stands behind it is a lock of the operating system,
 * which lets go when the process ends, however it ends: there is nothing stale to clean up after a crash or kill -9, as
 * there is with a file that holds a process id.
 *
 * @module
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { SottoError } from '#lib/errors.ts'
import { ensurePrivateFile } from '#lib/runtime/files.ts'

/** SQLite's code for a file that another connection has locked (sqlite.org/rescode.html#busy). */
const SQLITE_BUSY = 5

/** How long to wait for another process to finish its writing, in milliseconds. A writing takes a few. */
const WRITE_LOCK_TIMEOUT_MS = 3_000

/** How often a lock that is taken is tried again, in milliseconds. */
const RETRY_MS = 20

export interface Lock {
  release(): void
}

export interface LockOptions {
  /** How long to wait for whoever has it, in milliseconds; 0 for not at all. */
  readonly timeoutMs: number
  /** The hint if that was not enough. */
  readonly hint: string
}

/**
 * Take a lock.
 *
 * @param path - Of a file that serves no other purpose; made if there is none.
 * @throws SottoError `ERR_PROFILE_LOCKED` if it is taken, by this process or another; `ERR_STORE` if the file cannot be
 *   made or opened.
 */
export async function takeLock(path: string, { timeoutMs, hint }: LockOptions): Promise<Lock> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const lock = tryLock(path)
    if (lock !== undefined) return lock
    if (waitedMs >= timeoutMs) {
      throw new SottoError('ERR_PROFILE_LOCKED', 'another process is using this profile', { hint })
    }
    await setTimeout(RETRY_MS)
  }
}

/** Take the lock under which the files of a profile are written. @throws SottoError as {@link takeLock}. */
export function takeWriteLock(folder: string): Promise<Lock> {
  const hint = 'wait for the other sotto command to end, and try again'
  return takeLock(join(folder, 'profile.lock'), { timeoutMs: WRITE_LOCK_TIMEOUT_MS, hint })
}

/**
 * Whether a lock is taken. However many look at once, none takes another's look for the lock; whoever takes the lock may
 * have to wait for them.
 *
 * @throws SottoError `ERR_STORE` if the file cannot be made or opened.
 */
export function isLocked(path: string): boolean {
  return (
    withLockFile(path, (database) => {
      // Any reading takes a shared lock, which the exclusive one refuses.
      database.prepare('select count(*) from sqlite_master').get()
      database.close()
      return false
    }) ?? true
  )
}

function tryLock(path: string): Lock | undefined {
  return withLockFile(path, (database) => {
    database.exec('pragma journal_mode = memory; begin exclusive')
    return { release: () => database.close() }
  })
}

/** Do something with the file of a lock: undefined if the lock is taken. */
function withLockFile<T>(path: string, use: (database: DatabaseSync) => T): T | undefined {
  let database: DatabaseSync | undefined
  try {
    ensurePrivateFile(path)
    database = new DatabaseSync(path, { timeout: 0 })
    return use(database)
  } catch (cause) {
    database?.close()
    if (isBusy(cause)) return undefined
    throw new SottoError('ERR_STORE', `cannot lock ${path}`, { cause, hint: 'check the permissions of its folder' })
  }
}

function isBusy(thrown: unknown): boolean {
  return thrown instanceof Error && 'errcode' in thrown && thrown.errcode === SQLITE_BUSY
}

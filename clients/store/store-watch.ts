/**
 * Noticing what other processes of the profile write: they touch the log beside the file after each commit, and the
 * system tells.
 *
 * @module
 */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Database } from './disk/database.ts'

/**
 * How often to look where the system has not told, in milliseconds. Some file systems never tell, and none promises to.
 */
const POLL_INTERVAL_MS = 1_000

export interface Watch {
  /**
   * The failure of the watch: rejects with what polling, or the callback, throws; then the watch has ended. It never
   * resolves.
   */
  readonly failed: Promise<never>
  stop(): void
}

/**
 * Call back after each commit of another process, and at least once for those of one moment.
 *
 * The database is asked only after something was written, and once a second.
 */
export function watchStore(database: Database, onChange: () => void): Watch {
  let known = database.dataVersion()
  let isPollPending = false
  let isStopped = false
  const failure = Promise.withResolvers<never>()
  // Whoever waits for it hears it; nobody has to.
  failure.promise.catch(() => undefined)
  const poll = (): void => {
    isPollPending = false
    if (isStopped) return
    try {
      const current = database.dataVersion()
      if (current === known) return
      known = current
      onChange()
    } catch (error) {
      stop()
      failure.reject(error)
    }
  }
  // What this process writes is told too: one look stands for all that is told within a turn.
  const pollSoon = (): void => {
    if (isPollPending) return
    isPollPending = true
    setImmediate(poll)
  }
  const timer = setInterval(poll, POLL_INTERVAL_MS).unref()
  const watcher = watchFolder(dirname(database.path), (name) => {
    if (name === null || name === `${basename(database.path)}-wal`) pollSoon()
  })
  const stop = (): void => {
    isStopped = true
    clearInterval(timer)
    watcher?.close()
  }
  return { failed: failure.promise, stop }
}

/** Watch a folder; undefined if the system has no more watches to give: then the timer has to do. */
function watchFolder(path: string, onEvent: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, (_event, name) => onEvent(name))
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}

/**
 * Opens the page in the user's browser. The link is in no command line, where every user of the machine could read it: the
 * browser is given a file that only its user can read, and that leads on.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeNewFile } from '#lib/runtime/files.ts'

/** How long the file stays if nobody follows the link, in milliseconds. */
const LIFETIME_MS = 60_000

/** The name of a file, with the id of the process that has made it and removes it. */
const NAME = /^open-(\d+)-[0-9a-f]+\.html$/

/** The command that opens a file with what the user has chosen for it. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', linux: 'xdg-open' }

/** A file that leads to the page. */
export interface OpenFile {
  /** Fires when it is removed: the link was followed, nobody will, or nothing opens it. */
  readonly removed: AbortSignal
  /** The link was followed, or nobody will. */
  remove(): void
}

/**
 * Open a link.
 *
 * @param folder - Of the profile.
 * @param onFailure - There is nothing that opens it.
 */
export async function openBrowser(folder: string, link: string, onFailure: () => void): Promise<OpenFile> {
  const path = join(folder, `open-${process.pid}-${randomBytes(6).toString('hex')}.html`)
  await writeNewFile(path, `<!doctype html><meta http-equiv="refresh" content="0; url=${link}"><title>Sotto</title>\n`)
  const removed = new AbortController()
  const remove = () => {
    clearTimeout(timer)
    process.off('exit', remove)
    rmSync(path, { force: true })
    removed.abort()
  }
  const timer = setTimeout(remove, LIFETIME_MS)
  timer.unref()
  process.on('exit', remove)
  const fail = () => {
    if (removed.signal.aborted) return
    remove()
    onFailure()
  }
  const opener = spawn(OPENERS[process.platform] ?? 'xdg-open', [path], { stdio: 'ignore', detached: true })
  opener.on('error', fail)
  // It may be there and find no browser.
  opener.on('exit', (code) => code !== 0 && fail())
  opener.unref()
  return { removed: removed.signal, remove }
}

/**
 * Remove the files of processes that were killed, for a link in them may still be good.
 *
 * @param folder - Of the profile.
 */
export async function removeLeftFiles(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid] = NAME.exec(name) ?? []
    if (pid === undefined) continue
    const path = join(folder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
    // Another process may have got the id since.
    if (nowMs - mtimeMs > LIFETIME_MS || !isOwnProcess(Number(pid))) await rm(path, { force: true })
  }
}

/** Whether a process of this user has the id. */
function isOwnProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

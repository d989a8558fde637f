/**
 * Opens the page in the user's browser. The link is in no command line, where every user of the machine could read it: the
 * browser is given a file that only its user can read, and that leads on.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeNewFile } from '#lib/runtime/files.ts'

/** How long the file stays if nobody follows the link, in milliseconds. */
const LIFETIME_MS = 60_000

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
  const path = join(folder, `open-${randomBytes(6).toString('hex')}.html`)
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

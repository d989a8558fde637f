/**
 * What `sotto doctor` looks at on this machine, whoever's it is: version, disk, permissions, and what crashed
 * processes have left.
 *
 * @module
 */
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { SottoError } from '#lib/errors.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { escapeName } from '../../clients/terminal/escape.ts'
import manifest from '../../package.json' with { type: 'json' }
import { check, type Report, type Seen } from './finding.ts'

/** The least that should be free, in bytes: a database, its log of changes and some files on their way. */
const LEAST_FREE_BYTES = 100_000_000

/** Nothing is being written for so long, in milliseconds: a file of that age that should be gone was left. */
const LEFT_MS = 3_600_000

/** Permission bits of everybody but the owner. */
const OTHERS = 0o077

/** What is written before it takes its name. A crash in between leaves it. */
const TEMPORARY = /\.[0-9a-f]{12}\.tmp$/

/** Check this machine. */
export async function checkMachine(report: Report, home: string, nowMs: number): Promise<void> {
  await check(report, 'version', () => ({ text: `${manifest.version}, on Node.js ${process.versions.node}` }))
  await check(report, 'folder', () => checkFolder(home))
  await check(report, 'disk', () => checkDisk(home))
  await check(report, 'leftovers', () => checkLeftovers(home, nowMs))
}

async function checkFolder(home: string): Promise<Seen> {
  const found = await statOf(home)
  if (found === undefined) return { text: `${escapeName(home)} is not there yet` }
  if (!found.isDirectory()) {
    throw new SottoError('ERR_CONFIG', `${escapeName(home)} is no folder`, { hint: 'set SOTTO_HOME to one' })
  }
  const owner = process.getuid?.()
  if (owner !== undefined && found.uid !== owner) {
    throw new SottoError('ERR_STORE', `${escapeName(home)} belongs to another user`, {
      hint: 'be that user, or set SOTTO_HOME to a folder of your own',
    })
  }
  if ((found.mode & OTHERS) === 0) return { text: `${escapeName(home)}, for you alone` }
  return { text: `others may look into ${escapeName(home)}`, todo: `chmod 700 ${escapeName(home)}` }
}

async function checkDisk(home: string): Promise<Seen> {
  if ((await statOf(home)) === undefined) return { text: 'nothing is kept yet' }
  const { bavail, bsize } = await statfs(home)
  const free = bavail * bsize
  const text = `${(free / 1e9).toFixed(1)} GB free`
  if (free >= LEAST_FREE_BYTES) return { text }
  throw new SottoError('ERR_STORE', `only ${text}`, { hint: 'free some space: what cannot be kept is not sent either' })
}

async function checkLeftovers(home: string, nowMs: number): Promise<Seen> {
  const names = await readdir(home, { recursive: true }).catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT')) return []
    throw error
  })
  const left: string[] = []
  for (const name of names.filter((each) => TEMPORARY.test(each))) {
    const found = await statOf(join(home, name))
    if (found !== undefined && nowMs - found.mtimeMs > LEFT_MS) left.push(escapeName(join(home, name)))
  }
  if (left.length === 0) return { text: 'nothing was left by a crash' }
  return { text: `a crash has left ${left.join(', ')}`, todo: 'remove that: nothing needs it' }
}

async function statOf(path: string) {
  return await stat(path).catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    throw error
  })
}

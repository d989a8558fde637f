/**
 * What an Auth makes at its first start: the authority, the certificates, the wrapping key and an empty database. That is
 * most of the work of a start, and nothing that depends on who starts it, so it is made once for all tests of a process.
 *
 * @module
 */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '#lib/runtime/clock.ts'
import { initialise } from '../../services/auth/admin.ts'
import { readConfig } from '../../services/auth/config.ts'
import { ensureCertificates } from '../../services/auth/keys/certificates.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A file or a folder, by its path below the home. */
interface Entry {
  readonly path: string
  readonly mode: number
  /** Undefined for a folder. */
  readonly content: Buffer | undefined
}

let made: Promise<readonly Entry[]> | undefined

/**
 * Lay it into a new home, for an Auth on SQLite. It was made at the system's time. All homes of a process have the same
 * keys: they are one installation, which may stand several times.
 */
export async function layHome(home: string): Promise<void> {
  made ??= make()
  for (const { path, mode, content } of await made) {
    if (content === undefined) await mkdir(join(home, path), { mode })
    else await writeFile(join(home, path), content, { mode })
  }
}

async function make(): Promise<readonly Entry[]> {
  await using home = await temporaryFolder()
  const config = readConfig({ SOTTO_HOME: home.path })
  await initialise(config, systemClock)
  await ensureCertificates(config, systemClock)
  // A folder comes before what is in it.
  const paths = (await readdir(home.path, { recursive: true })).sort()
  return await Promise.all(paths.map((path) => entryOf(home.path, path)))
}

async function entryOf(home: string, path: string): Promise<Entry> {
  const found = await stat(join(home, path))
  const content = found.isDirectory() ? undefined : await readFile(join(home, path))
  return { path, mode: found.mode, content }
}

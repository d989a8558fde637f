/**
 * What a run of all tests does before the first and after the last, in Mocha's first process.
 *
 * @module
 */
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { FOLDERS_SETTING, type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

/** The name of it begins the names of all that tests make. */
let folder: TemporaryFolder | undefined

/** Set the exit code of a failure until Mocha is done. */
export async function mochaGlobalSetup(): Promise<void> {
  // A guard against a run that breaks off: Mocha sets the exit code when it is done; were its processes killed, it would
  // find nothing left to wait for, and end with 0.
  process.exitCode = 1
  folder = await temporaryFolder()
  process.env[FOLDERS_SETTING] = `${basename(folder.path)}-`
}

/** @throws Error, by which the run fails, if a test has left its folder. */
export async function mochaGlobalTeardown(): Promise<void> {
  if (folder === undefined) return
  await folder[Symbol.asyncDispose]()
  const name = basename(folder.path)
  const left = (await readdir(tmpdir())).filter((each) => each.startsWith(name))
  if (left.length > 0) throw new Error(`tests have left in ${tmpdir()}: ${left.join(', ')}`)
}

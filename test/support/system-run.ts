/**
 * What a run of all system tests does before the first and after the last: what every whole run does, and laying the
 * package whose programs they start. Other tests start few, and are sooner done with those of the sources.
 *
 * @module
 */
import { chmod, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { layPackage } from '../../scripts/package-folder.ts'
import { ROOT } from './environment.ts'
import { PACKAGE_SETTING } from './programs.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'
import * as wholeRun from './whole-run.ts'

let folder: TemporaryFolder | undefined

/** Set up as for every run, and lay the package. */
export async function mochaGlobalSetup(): Promise<void> {
  await wholeRun.mochaGlobalSetup()
  folder = await temporaryFolder()
  // Tests run programs as other users of the system, too.
  await chmod(folder.path, 0o755)
  await layPackage(folder.path)
  // As an install does it, with Node.js and what is native.
  await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'))
  process.env[PACKAGE_SETTING] = folder.path
}

/** Remove the package. @throws Error, by which the run fails, if a test has left its folder. */
export async function mochaGlobalTeardown(): Promise<void> {
  await folder?.[Symbol.asyncDispose]()
  await wholeRun.mochaGlobalTeardown()
}

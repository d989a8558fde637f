/**
 * What a run of all tests does before the first and after the last, in Mocha's first process.
 *
 * @module
 */
import { chmod, readdir, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { layPackage } from '../../scripts/package-folder.ts'
import { ROOT } from './environment.ts'
import { PACKAGE_SETTING } from './programs.ts'
import { FOLDERS_SETTING, type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

let folder: TemporaryFolder | undefined

/** Set the exit code of a failure until Mocha is done, and lay the package whose programs the tests start. */
export async function mochaGlobalSetup(): Promise<void> {
  // A guard against a run that breaks off: Mocha sets the exit code when it is done; were its processes killed, it would
  // find nothing left to wait for, and end with 0.
  process.exitCode = 1
  folder = await temporaryFolder()
  process.env[FOLDERS_SETTING] = `${basename(folder.path)}-`
  // Coverage is about the sources.
  if (process.env['NODE_V8_COVERAGE'] !== undefined) return
  // Tests run programs as other users of the system, too.
  await chmod(folder.path, 0o755)
  await layPackage(folder.path)
  // As an install does it, with Node.js and what is native.
  await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'))
  process.env[PACKAGE_SETTING] = folder.path
}

/** Remove the package. @throws Error, by which the run fails, if a test has left its folder. */
export async function mochaGlobalTeardown(): Promise<void> {
  if (folder === undefined) return
  await folder[Symbol.asyncDispose]()
  const name = basename(folder.path)
  const left = (await readdir(tmpdir())).filter((each) => each.startsWith(name))
  if (left.length > 0) throw new Error(`tests have left in ${tmpdir()}: ${left.join(', ')}`)
}

/**
 * What a run of all tests does before the first and after the last, in Mocha's first process.
 *
 * @module
 */
import { chmod, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { layPackage } from '../../scripts/package-folder.ts'
import { ROOT } from './environment.ts'
import { PACKAGE_SETTING } from './programs.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

let folder: TemporaryFolder | undefined

/** Set the exit code of a failure until Mocha is done, and lay the package whose programs the tests start. */
export async function mochaGlobalSetup(): Promise<void> {
  // A guard against a run that breaks off: Mocha sets the exit code when it is done; were its processes killed, it would
  // find nothing left to wait for, and end with 0.
  process.exitCode = 1
  // Coverage is about the sources.
  if (process.env['NODE_V8_COVERAGE'] !== undefined) return
  folder = await temporaryFolder()
  // Tests run programs as other users of the system, too.
  await chmod(folder.path, 0o755)
  await layPackage(folder.path)
  // As an install does it, with Node.js and what is native.
  await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'))
  process.env[PACKAGE_SETTING] = folder.path
}

/** Remove the package. */
export async function mochaGlobalTeardown(): Promise<void> {
  await folder?.[Symbol.asyncDispose]()
}

/**
 * Where the programs are that tests run: those of a package as people install it, of which a program starts in a third of
 * the time of the sources, where a run has laid one (system-run.ts); the clone's own otherwise.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './environment.ts'

/** The setting by which a run says where it has laid the package. */
export const PACKAGE_SETTING = 'SOTTO_TEST_PACKAGE'

/** The root folder of the programs. */
export const PROGRAMS = process.env[PACKAGE_SETTING] ?? ROOT

/** The `sotto` command, for Node.js. */
export const SOTTO = join(PROGRAMS, 'bin', 'sotto.js')

/** The `sotto` command, for a shell. */
export const SOTTO_COMMAND = join(PROGRAMS, 'bin', 'sotto')

/** The file of a program, for Node.js. @param folder - Of the program, from the root: `services/auth`. */
export function programIn(folder: string): string {
  const bundle = join(PROGRAMS, folder, 'main.cjs')
  return existsSync(bundle) ? bundle : join(PROGRAMS, folder, 'main.ts')
}

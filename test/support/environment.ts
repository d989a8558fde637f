/**
 * The environment in which a test runs the project's programs.
 *
 * @module
 */
import { join } from 'node:path'
import type { Environment } from '#lib/runtime/environment.ts'

/** The root folder of the project. */
export const ROOT = join(import.meta.dirname, '..', '..')

/** The cache of compiled sources, which halves the time that a program takes to start. */
const COMPILE_CACHE = join(ROOT, 'node_modules', '.cache', 'compile')

/**
 * An environment for a program, with nothing of the tester's own but PATH.
 *
 * @param home - SOTTO_HOME.
 * @param settings - Further variables.
 */
export function environmentOf(home: string, settings: Environment = {}): NodeJS.ProcessEnv {
  const { PATH, NODE_V8_COVERAGE } = process.env
  // For coverage, sources must be compiled anew: the positions in cached code are not exact.
  const compiling = NODE_V8_COVERAGE === undefined ? { NODE_COMPILE_CACHE: COMPILE_CACHE } : { NODE_V8_COVERAGE }
  return { PATH: `${join(ROOT, 'node_modules', '.bin')}:${PATH}`, ...compiling, SOTTO_HOME: home, ...settings }
}

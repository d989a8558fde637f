/**
 * The `sotto` command as it can be typed in any other shell of this machine, whatever folder, PATH and settings that has.
 *
 * @module
 */
import { realpathSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environment } from '#lib/runtime/environment.ts'

const OWN_PATH = fileURLToPath(new URL('../../bin/sotto', import.meta.url))

/** The settings that are paths: relative ones lead elsewhere from another folder. */
const FOLDERS = ['SOTTO_HOME', 'SOTTO_AUTH_DATA'] as const

/**
 * The words that a line begins with: the folders that are not the usual ones, and the command; its whole path where PATH
 * does not lead to it, as after `npm start` in a clone.
 *
 * @param env - The environment in which the services run.
 */
export function shellCommand(env: Environment): string {
  const settings = FOLDERS.flatMap((name) => (env[name] ? [`${name}=${quoted(resolve(env[name]))}`] : []))
  return [...settings, isOnPath(env) ? 'sotto' : quoted(OWN_PATH)].join(' ')
}

function isOnPath({ PATH = '' }: Environment): boolean {
  const found = PATH.split(delimiter)
    .filter(isAbsolute)
    .map((folder) => realPathOf(join(folder, 'sotto')))
    .find((path) => path !== undefined)
  return found === realPathOf(OWN_PATH)
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Quote a text so that a shell reads it back unchanged. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * The environment of the process. The rest of the program takes these as arguments.
 *
 * @module
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { SottoError } from '../errors.ts'

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process. */
export function environment(): Environment {
  return process.env
}

/** The settings that are lists, and may therefore be empty. */
const LISTS: ReadonlySet<string> = new Set(['SOTTO_NAMES', 'SOTTO_CHANNEL_TIMES'])

/** The character that Node.js puts in the place of bytes that are not UTF-8. */
const REPLACEMENT = '\uFFFD'

/**
 * The problems of settings, whatever they are for. An empty one comes, as a rule, from a variable that was not set, and
 * a default in its place is not what was meant; one that is not UTF-8 names another file.
 *
 * @returns `NAME: what is wrong` for each.
 */
export function settingProblems(env: Environment): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || (!name.startsWith('SOTTO_') && name !== 'HOME')) return []
    if (value === '' && !LISTS.has(name)) return [`${name}: is set to nothing; give it a value, or unset it`]
    return value.includes(REPLACEMENT) ? [`${name}: is not UTF-8`] : []
  })
}

/** The error for settings that cannot be used, with each problem. */
export function invalidSettings(problems: readonly string[]): SottoError {
  return new SottoError('ERR_CONFIG', ['the configuration is not valid', ...problems].join('\n  '), {
    hint: 'the table of settings is in docs/operations.md',
  })
}

/** The home of the user. @throws SottoError `ERR_CONFIG` if it is set to nothing: it would be the current folder. */
function userHome(): string {
  const home = homedir()
  if (home === '') throw invalidSettings(['HOME: is set to nothing; give it a value, or unset it'])
  return home
}

/**
 * A path as it is meant: `~`, alone or before a slash, is the user's home also where no shell has read it, such as behind
 * `--to=` or in a file of settings. A file of that name is `./~`.
 */
export function expandHome(path: string): string {
  return /^~(?=\/|$)/.test(path) ? userHome() + path.slice(1) : path
}

/**
 * The folder of everything that Sotto keeps: `SOTTO_HOME`, or `.sotto` in the user's home.
 *
 * @throws SottoError `ERR_CONFIG` that names every setting that is empty or no UTF-8, for nothing is to begin with one.
 */
export function sottoHome(env: Environment): string {
  const problems = settingProblems(env)
  if (problems.length > 0) throw invalidSettings(problems)
  return env['SOTTO_HOME'] === undefined ? join(userHome(), '.sotto') : expandHome(env['SOTTO_HOME'])
}

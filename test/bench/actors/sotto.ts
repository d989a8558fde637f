/**
 * The `sotto` command as the README installs it.
 *
 * @module
 */
import { join } from 'node:path'
import { ROOT } from '../../support/environment.ts'
import { type CommandSettings, timeCommand } from '../references/command.ts'

export const SOTTO = join(ROOT, 'bin', 'sotto')

/** The environment of a shell: nothing of npm's, which has the right Node.js first in PATH. */
export function sottoEnvironment(home: string): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, SOTTO_HOME: home }
}

/** Run `sotto` to its end, with its data in a home. @returns the milliseconds. */
export function timeSotto(home: string, args: readonly string[], settings: CommandSettings = {}): Promise<number> {
  return timeCommand(SOTTO, args, { ...settings, env: sottoEnvironment(home) })
}

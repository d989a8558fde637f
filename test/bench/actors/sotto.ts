/**
 * The `sotto` command as the README installs it.
 *
 * @module
 */
import { join } from 'node:path'
import { ROOT } from '../../support/environment.ts'
import { type CommandSettings, timeCommand } from '../references/command.ts'

export const SOTTO = join(ROOT, 'bin', 'sotto')

/** Run `sotto` to its end, with its data in a home. @returns the milliseconds. */
export function timeSotto(home: string, args: readonly string[], settings: CommandSettings = {}): Promise<number> {
  // Nothing of npm's, which has the right Node.js first in PATH.
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, SOTTO_HOME: home }
  return timeCommand(SOTTO, args, { ...settings, env })
}

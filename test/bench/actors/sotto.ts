/**
 * The `sotto` command as the README installs it.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installRelease } from '../../support/release.ts'
import { type CommandSettings, timeCommand } from '../references/command.ts'

let installed: string | undefined

/** The path of the command, which is installed when it is needed first. */
export function sottoCommand(): string {
  if (installed !== undefined) return installed
  const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  installed = installRelease(folder).command
  return installed
}

/** The environment of a shell: nothing of npm's, which has the right Node.js first in PATH. */
export function sottoEnvironment(home: string): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, SOTTO_HOME: home }
}

/** Run `sotto` to its end, with its data in a home. @returns the milliseconds. */
export function timeSotto(home: string, args: readonly string[], settings: CommandSettings = {}): Promise<number> {
  return timeCommand(sottoCommand(), args, { ...settings, env: sottoEnvironment(home) })
}

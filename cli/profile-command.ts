/** The parts that the commands that work with a profile have in common. */

import type { Command } from 'commander'
import { isSottoError } from '#lib/errors.ts'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { profileOption } from '../clients/command/profile-option.ts'
import type { WaitingNotice } from '../clients/command/waiting-notice.ts'
import type { Protection } from '../clients/profile/key-file.ts'
import { jsonLine } from '../clients/terminal/json-lines.ts'

export interface ProfileOptions {
  readonly profile: string
  readonly json?: true
}

/** Adds the options that every such command takes. */
export function withProfile(command: Command): Command {
  return command.addOption(profileOption()).option('--json', 'say it as JSON, one object a line')
}

/** @param signal - Aborted to ask for a passphrase no longer. */
export async function openProfile({ profile }: ProfileOptions, signal?: AbortSignal) {
  const { Profile } = await import('../clients/profile/profile.ts')
  const { unlockKey } = await import('../clients/command/unlock.ts')
  return await Profile.open(sottoHome(environment()), profile, unlockKey(signal))
}

/** The words for each protection of a profile. */
export const PROTECTION: Readonly<Record<Protection, string>> = {
  file: 'a file that only you can read',
  passphrase: 'a passphrase',
}

/** Says for what a person waits, where one watches, if that takes long. */
export async function waitingNotice(options: Pick<ProfileOptions, 'json'>): Promise<WaitingNotice> {
  const { WaitingNotice } = await import('../clients/command/waiting-notice.ts')
  return new WaitingNotice({ isWatched: process.stderr.isTTY === true, notice: (text) => notice(text, options) })
}

/** Runs something that Ctrl-C is to give up. */
export async function untilStopped<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = listenForStop()
  try {
    return await run(stop.signal)
  } finally {
    stop.dispose()
  }
}

/** Turn the error of a missing profile into undefined, where a profile need not exist. */
export function undefinedIfMissing(error: unknown): undefined {
  if (!isSottoError(error, 'ERR_PROFILE_MISSING')) throw error
}

/**
 * Says something to the person; what a script wants is on standard output.
 *
 * @param options - Of the command: whoever reads its JSON gets this as JSON, too.
 */
export function notice(text: string, { json }: { readonly json?: boolean }): void {
  process.stderr.write(json ? jsonLine({ type: 'notice', text }) : `sotto: ${text}\n`)
}

/** The result of a command for a script: one JSON object, with values as values. */
export function printJson(fields: object): void {
  process.stdout.write(jsonLine(fields))
}

/** The result of a command for a person: a line for each of its facts. */
export function printFacts(facts: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(facts)) process.stdout.write(`${`${name}:`.padEnd(14)} ${value}\n`)
}

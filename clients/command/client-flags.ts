/**
 * The flags that `sotto send` and `sotto receive` share, and what the process adds to them.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { isDumb } from '../terminal/dumb.ts'
import { parseChannelTimes } from './channel-times.ts'
import { profileOption } from './profile-option.ts'
import type { CommandOptions } from './run-command.ts'
import { unlockKey } from './unlock.ts'

export interface ClientFlags {
  readonly profile: string
  readonly trace?: true
  readonly traceArrivals?: true
  readonly json?: true
  /** In seconds. */
  readonly retry: number
}

/** How long to try again after a cut unless the user says otherwise, in seconds. */
const DEFAULT_RETRY_S = 10

export function withClientFlags(command: Command): Command {
  return (
    command
      .addOption(profileOption())
      .option('--trace', 'show the five messages as they happen')
      // For the demo, where both ends share a terminal and each message is to be told once.
      .addOption(new Option('--trace-arrivals', 'as --trace, less what this end says in a conversation').hideHelp())
      .option('--json', 'write messages, notices and the trace as JSON, one object a line')
      .option('--retry <seconds>', 'how long to try again when a connection breaks', seconds, DEFAULT_RETRY_S)
  )
}

/**
 * What a client is given by its flags and by the process. From here on Ctrl-C is the client's to obey: the process
 * listens to its end, so that the echo of a signal cannot kill it while it says goodbye.
 */
export function commandOptions({ profile, trace, traceArrivals, json, retry }: ClientFlags): CommandOptions {
  const { signal } = listenForStop()
  return {
    home: sottoHome(environment()),
    profile,
    unlock: unlockKey(signal),
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    interactive: !isDumb(),
    trace: trace === true || traceArrivals === true,
    traceArrivals: traceArrivals === true,
    json: json === true,
    redialMs: retry * 1_000,
    clock: systemClock,
    channelTimes: parseChannelTimes(environment()['SOTTO_CHANNEL_TIMES']),
    signal,
  }
}

/** A number of seconds, for an option. @throws InvalidArgumentError */
export function seconds(text: string): number {
  const value = Number(text)
  if (text !== '' && value >= 0 && value <= 86_400) return value
  throw new InvalidArgumentError('It must be a number of seconds, at most 86400.')
}

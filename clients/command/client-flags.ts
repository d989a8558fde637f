/**
 * The flags that `sotto send` and `sotto receive` share.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ReachFlags, withReachFlags } from './listen-flags.ts'
import { profileOption } from './profile-option.ts'

export interface ClientFlags extends ReachFlags {
  readonly profile: string
  readonly trace?: true
  readonly traceArrivals?: true
  readonly json?: true
  /** The time to keep trying after a cut, in seconds. */
  readonly retry: number
}

/** How long to try again after a cut unless the user says otherwise, in seconds. */
const DEFAULT_RETRY_S = 10

export function withClientFlags(command: Command): Command {
  return (
    withReachFlags(command)
      .addOption(profileOption())
      .option('--trace', 'show the five messages as they happen')
      // For the demo, where both ends share a terminal and each message is to be told once.
      .addOption(new Option('--trace-arrivals', 'as --trace, less what this end says in a conversation').hideHelp())
      .option('--json', 'write messages, notices and the trace as JSON, one object a line')
      .option('--retry <seconds>', 'how long to try again when a connection breaks', seconds, DEFAULT_RETRY_S)
  )
}

/** A number of seconds, for an option. @throws InvalidArgumentError */
export function seconds(text: string): number {
  const value = Number(text)
  if (text !== '' && value >= 0 && value <= 86_400) return value
  throw new InvalidArgumentError('It must be a number of seconds from 0 to 86400.')
}

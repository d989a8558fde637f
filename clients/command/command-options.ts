/**
 * The options of a client, from its flags and from the process. Loaded by a command that runs: the command line alone
 * (--help, --version, completion) starts without it.
 *
 * @module
 */
import { systemClock } from '#lib/runtime/clock.ts'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { isDumb } from '../terminal/dumb.ts'
import { parseChannelTimes } from './channel-times.ts'
import type { ClientFlags } from './client-flags.ts'
import { reachOf } from './listen-flags.ts'
import type { CommandOptions } from './run-command.ts'
import { unlockKey } from './unlock.ts'

/**
 * The options that the process gives every client. From here on the client handles Ctrl-C: the process listens for
 * signals until it ends, so that the echo of a signal cannot kill it while it says goodbye.
 *
 * @throws SottoError `ERR_CONFIG` for a setting that is not valid.
 */
export function processOptions() {
  const { signal } = listenForStop()
  return {
    home: sottoHome(environment()),
    unlock: unlockKey(signal),
    input: process.stdin,
    output: process.stdout,
    clock: systemClock,
    channelTimes: parseChannelTimes(environment()['SOTTO_CHANNEL_TIMES']),
    signal,
  }
}

/** The options of `sotto send` and `sotto receive`. @throws SottoError as {@link processOptions}. */
export function commandOptions({ profile, trace, traceArrivals, json, retry, ...ways }: ClientFlags): CommandOptions {
  return {
    ...processOptions(),
    profile,
    reach: reachOf(ways),
    errors: process.stderr,
    interactive: !isDumb(),
    trace: trace === true || traceArrivals === true,
    traceArrivals: traceArrivals === true,
    json: json === true,
    redialMs: retry * 1_000,
  }
}

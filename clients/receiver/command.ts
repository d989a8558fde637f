/**
 * The command line of `sotto receive`.
 *
 * @module
 */
import { Command, Option } from 'commander'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { LOG_LEVELS, type LogLevel } from '#lib/runtime/log-levels.ts'
import { reportReady } from '#lib/runtime/parent.ts'
import { type ClientFlags, withClientFlags } from '../command/client-flags.ts'
import { acceptFilesOption, folderFor } from '../command/file-flags.ts'
import { type ListenFlags, withListenFlags } from '../command/listen-flags.ts'

interface ReceiveFlags extends ClientFlags, ListenFlags {
  readonly logLevel: LogLevel
  readonly acceptFiles?: string
  readonly exec?: string
  readonly reply?: true
}

const EXAMPLES = `
  sotto receive                        shows what comes; what you type answers whoever wrote last
  sotto receive > log.txt              writes each message and a line feed, byte for byte
  sotto receive --accept-files ~/inbox  takes every file that is offered; without it: sotto files accept ID
  sotto receive --listen [::]:7100 --advertise 203.0.113.7:7100
                                       behind a router that passes port 7100 on

  sotto receive --exec 'mail -s "$SOTTO_FROM says" me@example.org'
                                       runs a command for each message
  sotto receive --exec ./answer --reply
                                       and says to the writer what it prints

On a terminal "@NAME text" writes to NAME. Messages go to standard output, all else to standard error. What comes is
kept in the profile first, and has been seen when standard output, or the command, has taken it: docs/scripting.md.`

export function receiveCommand(): Command {
  const logLevel = new Option('--log-level <level>', 'how much to log')
    .choices([...LOG_LEVELS])
    .env('SOTTO_LOG_LEVEL')
    .default(process.stderr.isTTY ? 'warn' : 'info')
  return withListenFlags(withClientFlags(new Command('receive')))
    .description('be online, and show what comes')
    .addOption(logLevel)
    .addOption(acceptFilesOption())
    .option('--exec <command>', 'run a command for each message, with the text on its standard input')
    .option('--reply', 'with --exec: say to the writer what the command prints')
    .addHelpText('after', EXAMPLES)
    .hook('preAction', (_receive, command) => checkExec(command.opts<ReceiveFlags>()))
    .action(async (flags: ReceiveFlags) => {
      const { addressOf } = await import('../peer/dial.ts')
      const { receive } = await import('./receive.ts')
      const { commandOptions } = await import('../command/command-options.ts')
      const { listen, advertise, logLevel, exec: command, reply = false } = flags
      const exec = command === undefined ? undefined : { command, reply }
      const onReady = (endpoints: readonly Endpoint[]) =>
        reportReady({ addresses: { peers: endpoints.map(addressOf).join(' ') } })
      const common = commandOptions(flags)
      const interactive = common.interactive !== false && exec === undefined
      const acceptInto = flags.acceptFiles && (await folderFor(flags.acceptFiles))
      await receive({ ...common, interactive, listen, advertise, acceptInto, logLevel, exec, onReady })
    })
}

/** @throws SottoError `ERR_USAGE` */
function checkExec({ exec, reply }: ReceiveFlags): void {
  if (reply && exec === undefined) {
    throw new SottoError('ERR_USAGE', 'there is nothing to reply with', { hint: 'add --exec COMMAND' })
  }
  // A shell that is given nothing succeeds, and all that comes would count as read.
  if (exec?.trim() === '') throw new SottoError('ERR_USAGE', 'the command of --exec is empty', { hint: 'name one' })
}

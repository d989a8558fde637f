/**
 * The command line of `sotto send`.
 *
 * @module
 */
import { Command, Option } from 'commander'
import { accountName } from '../command/account-name.ts'
import { type ClientFlags, seconds, withClientFlags } from '../command/client-flags.ts'
import { WAITS, type Wait } from './wait.ts'

const EXAMPLES = `
  sotto send bob 'See you at eight?'   one message
  ls | sotto send bob                  a message for every line
  sotto send bob                       what you type, line by line; Ctrl-D ends it
  sotto send bob --queue 'Call me'     if bob is away, and has no mailbox, it waits for your next chat, web or receive
  sotto send bob --file a.pdf photos/  offers a file and a folder, and waits until bob has them

  sotto send bob --wait read --timeout 60 'Fire!'
                                       waits until bob has read it, if bob tells

A line is the bytes up to a line feed, at most 1 MiB of UTF-8; with --json lines are JSON, as docs/scripting.md says. It
ends with 0 when all of it has come as far as --wait says, and with 8 when --timeout is over before. A text on the command
line can be seen by other users of this machine for the moment in which the command starts; what is piped in cannot.

If bob is away, what you send is left, sealed, in their mailbox at the server: that is enough unless --wait says delivered or
read. It takes up to 60 KiB a message; what is larger waits here. Files are only offered so, with --queue or --wait posted.

Files end with 0 when all are received, and with 8 when one was declined or could not be kept. What was interrupted goes on
where it stopped when the same command is run again, or in the next sotto chat.

What you send is kept in the profile, encrypted, as a chat keeps it. Nothing is kept for somebody who cannot be reached at the
beginning and has no mailbox, but by --queue. What is not acknowledged in the end waits, and goes with your next chat, web, receive or send.

While a sotto chat, web or receive of the same profile runs, it is that which sends it, and shows what is answered.`

interface SendFlags extends ClientFlags {
  readonly queue?: true
  readonly file?: readonly string[]
  readonly wait?: Wait
  /** The timeout in seconds. */
  readonly timeout?: number
  readonly plainInput?: true
}

export function sendCommand(): Command {
  return (
    withClientFlags(new Command('send'))
      .description('send a message, or every line of standard input, to somebody')
      .argument('<user>', 'the name of their account', accountName)
      .argument('[text]', 'the message; without it, standard input is read')
      .option('--file <path...>', 'offer files and folders, and wait until they are received')
      .option('--queue', 'keep it for somebody who is away and has no mailbox: it goes when both are online')
      .addOption(
        new Option('--wait <state>', 'how far messages are to come')
          .choices(WAITS)
          .default(undefined, 'delivered, or posted'),
      )
      .option('--timeout <seconds>', 'how long to wait for that at most, the first contact included', seconds)
      // For the demo, whose input is no JSON whatever its output is.
      .addOption(new Option('--plain-input', 'read lines as they stand, with --json too').hideHelp())
      .addHelpText('after', EXAMPLES)
      .hook('preAction', async (_send, command) => {
        const [, text] = command.args
        const { checkGiven } = await import('./send.ts')
        await checkGiven(text, command.opts<SendFlags>().file ?? [], new AbortController().signal)
      })
      .action(async (to: string, text: string | undefined, flags: SendFlags) => {
        // Every user of the machine can list command lines; from here on this one has no text and no path in it.
        if (text !== undefined || flags.file !== undefined) process.title = 'sotto send'
        const { send } = await import('./send.ts')
        const { commandOptions } = await import('../command/command-options.ts')
        const { file: files = [], queue = false, wait, timeout, plainInput = false } = flags
        const timeoutMs = timeout === undefined ? undefined : timeout * 1_000
        await send({ ...commandOptions(flags), to, text, files, queue, wait, timeoutMs, plainInput })
      })
  )
}

/**
 * The command line of `sotto web`.
 *
 * @module
 */
import { Command, InvalidArgumentError, Option } from 'commander'
import { accountName } from '../command/account-name.ts'
import { acceptFilesOption, downloadsOption, folderFor } from '../command/file-flags.ts'
import { type ListenFlags, type ReachFlags, reachOf, withListenFlags, withReachFlags } from '../command/listen-flags.ts'
import { profileOption } from '../command/profile-option.ts'
import { forProfile } from '../profile/login-line.ts'

interface WebFlags extends ListenFlags, ReachFlags {
  readonly profile: string
  readonly port?: number
  readonly open?: true
  readonly hostName: readonly string[]
  readonly downloads: string
  readonly acceptFiles?: string
}

const HELP = `
  sotto web           be online, and print a link to the page: it lets in the browser that follows it first
  sotto web bob       the same, with the conversation with bob first
  sotto web --open    open the page in your browser
  sotto web           said again, while it runs: another link, for another browser or tab

The page is for this machine alone. From another one, forward its port: ssh -L 8443:127.0.0.1:PORT HOST, here with
--port PORT --host-name localhost:8443. Keys stay in this process. Ctrl-C ends it; an open page comes back by itself when it runs again.`

export function webCommand(): Command {
  const port = new Option('--port <port>', 'the port of the page; the last one, or any free one, unless set').argParser(
    portOf,
  )
  const hostName = new Option(
    '--host-name <name:port>',
    'another name by which a browser may call the page; may be repeated',
  )
    .argParser(hostNameOf)
    .default([], 'none')
  return withReachFlags(withListenFlags(new Command('web')))
    .description('talk with several people at once, on a page in your browser')
    .argument('[user]', 'whom to talk with first', accountName)
    .addOption(profileOption())
    .addOption(port)
    .option('--open', 'open the page in your browser')
    .addOption(hostName)
    .addOption(downloadsOption())
    .addOption(acceptFilesOption())
    .addHelpText('after', HELP)
    .action(
      async (
        to: string | undefined,
        { profile, port, open, hostName, listen, advertise, downloads, acceptFiles, ...ways }: WebFlags,
      ) => {
        const { web } = await import('./web.ts')
        const { processOptions } = await import('../command/command-options.ts')
        const options = processOptions()
        const { input } = options
        await web({
          ...options,
          profile,
          reach: reachOf(ways),
          to,
          port,
          open: open === true,
          hostNames: hostName,
          listen,
          advertise,
          downloads,
          acceptInto: acceptFiles && (await folderFor(acceptFiles)),
          onLink: (link) => void process.stdout.write(`${link}\n`),
          notice: (text) => void process.stderr.write(`sotto: ${forProfile(text, profile)}\n`),
        })
        input.destroy()
      },
    )
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('A port is a number from 1 to 65535.')
}

function hostNameOf(text: string, before: readonly string[]): readonly string[] {
  if (/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/.test(text)) return [...before, text]
  throw new InvalidArgumentError('Write NAME or NAME:PORT.')
}

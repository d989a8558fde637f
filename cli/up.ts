/** `sotto up`: the services on this machine, as child processes. */
import { Command } from 'commander'
import { environment } from '#lib/runtime/environment.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { waitingNotice } from './profile-command.ts'

const HELP = `
Ctrl-C or SIGTERM stops them in order. Settings are environment variables, such as SOTTO_HOME, SOTTO_AUTH_PORT,
SOTTO_NAMES, SOTTO_RELAY=off for no relay, and SOTTO_DOOR_PORT for one port that leads to all of them;
docs/operations.md lists them all.`

export function upCommand(): Command {
  return new Command('up')
    .addHelpText('after', HELP)
    .description('run auth, the directory and the relay on this machine, with their data in SOTTO_HOME (~/.sotto)')
    .action(async () => {
      // Not disposed of: the echo of a Ctrl-C may come while the process is already on its way out.
      const { signal } = listenForStop()
      const { up } = await import('./up/up.ts')
      const waiting = await waitingNotice({})
      await up({ env: environment(), signal, print: (text) => process.stderr.write(text), waiting })
    })
}

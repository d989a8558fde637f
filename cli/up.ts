/** `sotto up`: both services on this machine, as child processes. */
import { Command } from 'commander'
import { environment } from '#lib/runtime/environment.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'

export function upCommand(): Command {
  return new Command('up')
    .description('run auth and the directory on this machine, with their data in SOTTO_HOME (~/.sotto)')
    .action(async () => {
      const stop = listenForStop()
      const { up } = await import('../services/up/up.ts')
      try {
        await up({ env: environment(), signal: stop.signal, print: (text) => process.stderr.write(text) })
      } finally {
        stop.dispose()
      }
    })
}

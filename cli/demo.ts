/** `sotto demo`: the five messages on this machine, from nothing to a text that leaves one person and reaches another. */
import { Command } from 'commander'
import { isDumb } from '../clients/terminal/dumb.ts'

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'watch it work: both services, alice and bob, in a temporary folder; a chat, or what you pipe in goes to bob',
    )
    .option('--no-trace', 'leave out the five messages')
    .option('--json', 'show them as JSON, one object a line')
    .action(async ({ trace, json }: { trace: boolean; json?: true }) => {
      if (process.stdin.isTTY && process.stdout.isTTY && !isDumb() && json !== true) {
        const { runDemoChat } = await import('./demo-chat.ts')
        await runDemoChat(trace)
        return
      }
      const { runDemo } = await import('./demo-run.ts')
      process.exitCode = await runDemo([...(trace ? ['--trace-arrivals'] : []), ...(json ? ['--json'] : [])])
    })
}

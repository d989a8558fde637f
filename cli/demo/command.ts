/** `sotto demo`: the five messages on this machine, from nothing to a text that leaves one person and reaches another. */
import { Command, Option } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { isDumb } from '../../clients/terminal/dumb.ts'
import { TAMPERINGS, type Tampering } from './network/tamperings.ts'

interface DemoFlags {
  readonly trace: boolean
  readonly json?: true
  readonly html?: string
  readonly reveal?: true
  readonly tamper?: Tampering
  readonly web?: true
  readonly away?: true
}

const EXAMPLES = `
  sotto demo                                      a chat of alice and bob, and the messages behind it
  echo hello | sotto demo                         one message, from nothing to bob
  sotto demo --web                                alice and bob side by side in the browser, above what passes
  echo hello | sotto demo --away                  a letter: alice writes while bob is away, and goes; bob comes and has it
  sotto demo --html wire.html --reveal            a page to look into, with everything that can be recomputed
  sotto demo --html wire.html --tamper flip       the same, where the network flips a bit of the ticket
  sotto demo --html wire.html --tamper replay     repeats the first call, byte for byte
  sotto demo --html wire.html --tamper swap       puts the ticket of one call into another

docs/lesson.md goes through it.`

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'watch it work: auth, the directory, alice and bob, in a temporary folder; a chat, or what you pipe in goes to bob',
    )
    .option('--no-trace', 'leave out the five messages')
    .option('--json', 'show them as JSON, one object a line')
    .option('--html <file>', 'write them as a page to step through, one file that needs nothing else')
    .option(
      '--reveal',
      'with --html: show the secrets whole, for their keys are thrown away, and how to recompute them',
    )
    .addOption(
      new Option('--tamper <how>', 'with --html: have the network do that to alice’s first call').choices([
        ...TAMPERINGS,
      ]),
    )
    .option(
      '--web',
      'both of them side by side in the browser, above what passes; each message can wait, or be tampered with',
    )
    .option('--away', 'they are never online together: what alice writes goes by letter, through the mailbox')
    .addHelpText('after', EXAMPLES)
    .action(async ({ trace, json, html, reveal, tamper, web, away }: DemoFlags) => {
      if (web) {
        if (html !== undefined || json || reveal || tamper !== undefined) {
          throw new SottoError('ERR_USAGE', '--web shows everything, secrets too, and tampers by its buttons', {
            hint: 'leave out --html, --json, --reveal and --tamper',
          })
        }
        const { runDemoWeb } = await import('./web.ts')
        await runDemoWeb()
        return
      }
      if (html === undefined && (reveal || tamper !== undefined)) {
        throw new SottoError('ERR_USAGE', '--reveal and --tamper go with --html', { hint: 'add --html FILE' })
      }
      if (away && tamper !== undefined) {
        throw new SottoError('ERR_USAGE', '--tamper is about a call, and --away about a letter', { hint: 'choose one' })
      }
      if (html !== undefined && json) {
        throw new SottoError('ERR_USAGE', '--html and --json are two forms of the same', { hint: 'choose one' })
      }
      if (html !== undefined) {
        const { checkPlace } = await import('./story-file.ts')
        await checkPlace(html)
      }
      if (away) {
        const { runDemoAway } = await import('./away.ts')
        await runDemoAway({ draws: trace, json: json === true, file: html, reveals: reveal === true })
        return
      }
      if (html !== undefined) {
        const { runDemoToFile } = await import('./file-run.ts')
        await runDemoToFile({ file: html, draws: trace, reveal: reveal === true, tampering: tamper })
        return
      }
      if (process.stdin.isTTY && process.stdout.isTTY && !isDumb() && json !== true) {
        const { runDemoChat } = await import('./chat.ts')
        await runDemoChat(trace)
        return
      }
      const { runDemo } = await import('./run.ts')
      process.exitCode = await runDemo([...(trace ? ['--trace-arrivals'] : []), ...(json ? ['--json'] : [])])
    })
}

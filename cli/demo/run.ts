/**
 * `sotto demo` in a pipe: every part as a process of its own, as they would be on four machines. The lines of standard
 * input go to bob, and what bob received goes to standard output, byte for byte; all else is on standard error.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SottoError } from '#lib/errors.ts'
import { NODE_OPTIONS } from '#lib/runtime/node-options.ts'
import type { StartReport } from '#lib/runtime/parent.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { traceTo } from '../../clients/trace/render.ts'
import { notice } from '../profile-command.ts'
import { setUpDemo } from './setup.ts'

/**
 * Run it to the end of standard input.
 *
 * @param options - For both clients: `--trace-arrivals`, `--json`.
 * @returns The sender's exit code: 0 once all is acknowledged.
 */
export async function runDemo(options: readonly string[]): Promise<number> {
  const stop = listenForStop()
  await using resources = new AsyncDisposableStack()
  resources.defer(() => stop.dispose())

  const json = options.includes('--json')
  const report = (text: string) => notice(text, { json })
  const trace = options.includes('--trace-arrivals') ? traceTo(process.stderr, { json }) : undefined
  const { env } = await setUpDemo(resources, { notice: report, trace, signal: stop.signal })
  const receiver = resources.adopt(client('receive', ['--profile', 'bob', ...options], env), endInOrder)
  await untilReady(receiver)
  report('bob is online; everything that alice says from here on goes to bob directly')
  if (process.stdin.isTTY) report('type as alice, a line a message; Ctrl-D ends it')
  const from = ['bob', '--profile', 'alice', '--plain-input', ...options]
  const sender = resources.adopt(client('send', from, env), endInOrder)
  const [code] = await once(sender, 'exit')
  return code ?? 1
}

/**
 * A client as a process of its own. Only the sender reads what is typed. Its output is no terminal, so that it edits no
 * line there: the receiver, which knows nothing of such a line, would write into it.
 */
function client(command: 'send' | 'receive', options: readonly string[], env: Record<string, string | undefined>) {
  const main = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url))
  const [stdin, stdout] = command === 'send' ? (['inherit', 'ignore'] as const) : (['ignore', 'inherit'] as const)
  return fork(main, [command, ...options], { env, execArgv: NODE_OPTIONS, stdio: [stdin, stdout, 'inherit', 'ipc'] })
}

async function untilReady(child: ChildProcess): Promise<void> {
  const [report] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new SottoError('ERR_INTERNAL', 'a client ended before it was ready', { hint: 'its last lines say why' })
    }),
  ])) as [StartReport]
  if (report.state === 'failed') throw new SottoError(report.code, report.message)
}

async function endInOrder(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/**
 * What `sotto demo` does: every part as a process of its own, as they would be on four machines.
 *
 * With standard input a pipe its lines go to bob, and what bob received goes to standard output, byte for byte; all else
 * is on standard error.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment } from '#lib/runtime/environment.ts'
import type { StartReport } from '#lib/runtime/parent.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { Secret } from '#lib/secret.ts'
import { login } from '../clients/peer/login.ts'
import { Profile } from '../clients/peer/profile.ts'
import { traceTo } from '../clients/peer/trace-render.ts'
import { addUser } from '../services/auth/admin.ts'
import { readConfig } from '../services/auth/config.ts'
import { FREE_PORTS, type Services, startServices } from '../services/up/supervisor.ts'
import { say } from './profile-command.ts'

const PEOPLE = ['alice', 'bob'] as const

/**
 * Run it to the end of standard input.
 *
 * @param options - For both clients: `--trace-arrivals`, `--json`.
 * @returns The sender's exit code: 0 once all is acknowledged.
 */
export async function runDemo(options: readonly string[]): Promise<number> {
  const notice = options.includes('--json') ? sayAsJson : say
  const stop = listenForStop()
  await using resources = new AsyncDisposableStack()
  resources.defer(() => stop.dispose())

  const home = resources.adopt(await mkdtemp(join(tmpdir(), 'sotto-demo-')), (folder) =>
    rm(folder, { recursive: true, force: true }),
  )
  const env = { SOTTO_LOG_LEVEL: 'warn', ...environment(), ...FREE_PORTS, SOTTO_HOME: home }
  notice('starting auth and the directory, with their data in a temporary folder')
  const services = resources.adopt(await startServices({ env, signal: stop.signal }), (running) => running.stop())
  notice(`auth listens on ${services.authAddress}, the directory on ${services.directoryAddress}`)

  for (const name of PEOPLE) await signUp(name, home, services, env, options, stop.signal)

  const receiver = resources.adopt(client('receiver', ['--profile', 'bob', ...options], env), endInOrder)
  await untilReady(receiver)
  notice('bob is online; everything that alice says from here on goes to him directly')
  if (process.stdin.isTTY) notice('type as alice, a line a message; Ctrl-D ends it')
  const sender = resources.adopt(client('sender', ['bob', '--profile', 'alice', ...options], env), endInOrder)
  const [code] = await once(sender, 'exit')
  return code ?? 1
}

async function signUp(
  name: (typeof PEOPLE)[number],
  home: string,
  services: Services,
  env: Record<string, string | undefined>,
  options: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const password = Secret.of(Buffer.from(randomBytes(12).toString('base64url')))
  await addUser(readConfig(env), systemClock, name, password)
  await login({
    profile: await Profile.openOrCreate(home, name),
    server: { authAddress: services.authAddress, authorityPem: await readFile(services.caFile, 'utf8') },
    username: name,
    askPassword: async () => password,
    replaceIdentityKey: false,
    clock: systemClock,
    signal,
    trace: options.includes('--trace-arrivals')
      ? traceTo(process.stderr, { json: options.includes('--json') })
      : undefined,
  })
}

/**
 * A client as a process of its own. Only the sender reads what is typed; without an output that is a terminal it edits no
 * line there, which the receiver, who knows nothing of it, would write into.
 */
function client(which: 'sender' | 'receiver', options: readonly string[], env: Record<string, string | undefined>) {
  const main = fileURLToPath(new URL(`../clients/${which}/main.ts`, import.meta.url))
  const [stdin, stdout] = which === 'sender' ? (['inherit', 'ignore'] as const) : (['ignore', 'inherit'] as const)
  return fork(main, [...options], { env, execArgv: [], stdio: [stdin, stdout, 'inherit', 'ipc'] })
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

/** As the two clients put it. */
function sayAsJson(text: string): void {
  process.stderr.write(`${JSON.stringify({ type: 'notice', text })}\n`)
}

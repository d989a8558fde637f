/**
 * The setup of every demo: both services as processes of their own, and two people who have signed in.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment } from '#lib/runtime/environment.ts'
import { Secret } from '#lib/secret.ts'
import { WaitingNotice } from '../../clients/command/waiting-notice.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { login } from '../../clients/session/login.ts'
import type { Trace } from '../../clients/trace/trace.ts'
import { addUsers } from '../../services/auth/admin.ts'
import { readConfig } from '../../services/auth/config.ts'
import { type Services, startServices } from '../up/supervisor.ts'
import { demoEnvironment } from './demo-environment.ts'

export const DEMO_USERS = ['alice', 'bob'] as const
export type DemoUser = (typeof DEMO_USERS)[number]

export interface DemoOptions {
  readonly notice: (text: string) => void
  /** Shows the two messages of each login. */
  readonly trace: Trace
  /** Whether a relay runs, with its mailboxes. */
  readonly hasRelay?: boolean
  readonly signal: AbortSignal
}

/** The folders and the services that a demo needs. */
export interface Demo {
  /** SOTTO_HOME: a temporary folder. */
  readonly home: string
  readonly env: Record<string, string | undefined>
}

/** Set it up. All of it goes when the resources are disposed of. */
export async function setUpDemo(resources: AsyncDisposableStack, options: DemoOptions): Promise<Demo> {
  const { notice, hasRelay = false, signal } = options
  const home = resources.adopt(await mkdtemp(join(tmpdir(), 'sotto-demo-')), (folder) =>
    rm(folder, { recursive: true, force: true }),
  )
  // As a rule no relay: they are on one machine, and what a network does to them is to be seen.
  const relay = hasRelay ? {} : { SOTTO_RELAY: 'off' }
  const env = { ...demoEnvironment(environment(), home), ...relay }
  const what = hasRelay ? 'auth, the directory and a relay' : 'auth and the directory'
  notice(`starting ${what}, with their data in a temporary folder`)
  const waiting = new WaitingNotice({ isWatched: process.stderr.isTTY === true, notice })
  const services = resources.adopt(await startServices({ env, signal, waiting }), (running) => running.stop())
  notice(`auth listens on ${services.authAddress}, the directory on ${services.directoryAddress}`)
  for (const name of DEMO_USERS) await signUp(name, { home, env }, services, options)
  return { home, env }
}

async function signUp(
  name: DemoUser,
  { home, env }: Demo,
  services: Services,
  { trace, signal }: DemoOptions,
): Promise<void> {
  const password = Secret.of(Buffer.from(randomBytes(12).toString('base64url')))
  await addUsers(readConfig(env), systemClock, [{ name, password }])
  await login({
    profile: await Profile.openOrCreate(home, name),
    server: { authAddress: services.authAddress, authorityPem: await readFile(services.caFile, 'utf8') },
    username: name,
    askPassword: async () => password,
    replaceIdentityKey: false,
    clock: systemClock,
    signal,
    trace,
  })
}

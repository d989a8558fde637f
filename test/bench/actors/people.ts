/**
 * Two people who are signed in at services of their own: all real processes.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { systemClock } from '#lib/runtime/clock.ts'
import type { Environment } from '#lib/runtime/environment.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { setReach } from '../../../clients/profile/settings.ts'
import type { Reach } from '../../../clients/profile/state.ts'
import { login } from '../../../clients/session/login.ts'
import { addUsers } from '../../../services/auth/admin.ts'
import { readConfig } from '../../../services/auth/config.ts'
import { passwordOf, QUICK_PARAMETERS } from '../../support/auth-records.ts'
import { Deployment } from '../../support/deployment.ts'
import { Actor } from '../framework/actor.ts'
import type { Context } from '../framework/bench.ts'
import { inFlight } from '../framework/in-flight.ts'
import type { PersonRequests } from './person.ts'

export type Person = Actor<PersonRequests>

/** What a bench asks for is far more than an account or an address may: here the services are to be what limits it. */
const WITHOUT_LIMITS = {
  SOTTO_AUTH_CONNECTIONS_PER_ADDRESS: '10000',
  SOTTO_DIRECTORY_CONNECTIONS_PER_ADDRESS: '10000',
  SOTTO_AUTH_RATE_PER_ACCOUNT: '10000',
  SOTTO_DIRECTORY_RATE_PER_ACCOUNT: '10000',
  SOTTO_RELAY_CONNECTIONS_PER_ADDRESS: '10000',
  SOTTO_RELAY_RATE_PER_ACCOUNT: '10000',
}

/** Start auth and the directory, and a relay where it is asked for. They end with the bench. @param settings - Of all. */
export async function startServices(
  { resources }: Pick<Context, 'resources'>,
  settings: Environment = {},
): Promise<Deployment> {
  return resources.use(await Deployment.start({ ...WITHOUT_LIMITS, ...settings }))
}

/** Sign somebody up who has no account yet, in a profile of the same name below a folder. */
export async function signUp(services: Deployment, home: string, name: string): Promise<void> {
  await signUpAll(services, home, [name])
}

/** How many people sign in at once. */
const WIDTH = 8

/** The same for many. */
export async function signUpAll(services: Deployment, home: string, names: readonly string[]): Promise<void> {
  const accounts = names.map((name) => ({ name, password: passwordOf(`${name}'s password`) }))
  // Cheap for now, as nothing of it is measured: each account gets what a hash costs here at its first login.
  await addUsers({ ...readConfig(services.env), password: QUICK_PARAMETERS }, systemClock, accounts)
  const authorityPem = await readFile(services.caFile, 'utf8')
  const left = [...names]
  await inFlight(names.length, WIDTH, async () => {
    const name = left.pop() as string
    await login({
      profile: await Profile.openOrCreate(home, name),
      server: { authAddress: services.authAddress, authorityPem },
      username: name,
      askPassword: async () => passwordOf(`${name}'s password`),
      replaceIdentityKey: false,
      clock: systemClock,
      signal: new AbortController().signal,
      trace: undefined,
    })
  })
}

/** Where a person listens, and where others are told to call: a link may lie between, or nobody listen there. */
export interface Listening {
  readonly port?: number
  readonly advertised?: number | readonly number[]
  /** The folder to which files come at once. */
  readonly downloads?: string
}

/** Start the process of a person. It ends with the bench. */
export async function startPerson(
  { resources }: Pick<Context, 'resources'>,
  home: string,
  name: string,
  { port = 0, advertised, downloads = '' }: Listening = {},
): Promise<Person> {
  const args = [home, name, String(port), [advertised ?? []].flat().join(), downloads]
  return resources.use(await Actor.start<PersonRequests>('actors/person.ts', ...args))
}

export interface PairOptions {
  readonly home: string
  readonly prefix: string
  readonly listening?: Listening
  /** By which ways the two go; either, unless set. */
  readonly reach?: Reach
}

/** Two people, of whom one writes to the other. */
export type Pair = Readonly<Record<'sender' | 'receiver', Person>>

/** A sender and a receiver, signed up under names that begin with a prefix, whose profiles lie in a folder. */
export async function startPair(
  context: Pick<Context, 'resources'>,
  services: Deployment,
  { home, prefix, listening = {}, reach = 'any' }: PairOptions,
): Promise<Pair> {
  const [alice, bob] = [`${prefix}-alice`, `${prefix}-bob`]
  for (const name of [alice, bob]) {
    await signUp(services, home, name)
    await setReach(await Profile.open(home, name), reach)
  }
  const receiver = await startPerson(context, home, bob, listening)
  const sender = await startPerson(context, home, alice)
  await sender.ask('writeTo', bob)
  // The first text opens the conversation and pins the keys.
  await sender.ask('sendAwaited', 1, 1)
  return { sender, receiver }
}

/**
 * A deployment of Sotto as real processes: auth, the directory and, where it is asked for, the relay, which a test may kill
 * and start again, and the `sotto` command of any person.
 *
 * Every process that is started here ends with the deployment.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '#lib/runtime/clock.ts'
import type { Environment } from '#lib/runtime/environment.ts'
import { serviceNodeOptions } from '#lib/runtime/node-options.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { login } from '../../clients/session/login.ts'
import { addUsers } from '../../services/auth/admin.ts'
import { readConfig } from '../../services/auth/config.ts'
import { passwordOf } from './auth-records.ts'
import { environmentOf } from './environment.ts'
import { freePort } from './free-port.ts'
import { TestProcess, type TestProcessOptions } from './processes.ts'
import { programIn, SOTTO } from './programs.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

type ServiceName = 'auth' | 'directory' | 'relay' | 'second relay' | 'door'

/** The outcome of a process that has ended. */
export interface Outcome {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | NodeJS.Signals
  readonly output: string
  readonly errors: string
}

/** A `sotto receive` that others can call. */
export interface Receiver {
  readonly process: TestProcess
  readonly port: number
}

export class Deployment implements AsyncDisposable {
  readonly home: TemporaryFolder
  readonly authAddress: string
  readonly env: NodeJS.ProcessEnv
  readonly #started: TestProcess[] = []
  readonly #services = new Map<ServiceName, TestProcess>()

  /** Start the services; no relay, unless SOTTO_RELAY is `on`. @param settings - Settings of all processes. */
  static async start(settings: Environment = {}): Promise<Deployment> {
    const [auth, directory, sealing, relay] = [await freePort(), await freePort(), await freePort(), await freePort()]
    const home = await temporaryFolder()
    const env = environmentOf(home.path, {
      SOTTO_AUTH_HOST: '127.0.0.1',
      SOTTO_AUTH_PORT: String(auth),
      SOTTO_AUTH_ADMIN_PORT: '0',
      SOTTO_SEALING_PORT: String(sealing),
      SOTTO_DIRECTORY_HOST: '127.0.0.1',
      SOTTO_DIRECTORY_PORT: String(directory),
      SOTTO_DIRECTORY_ADMIN_PORT: '0',
      SOTTO_RELAY: 'off',
      SOTTO_RELAY_HOST: '127.0.0.1',
      SOTTO_RELAY_PORT: String(relay),
      SOTTO_RELAY_ADMIN_PORT: '0',
      ...settings,
    })
    const deployment = new Deployment(home, `127.0.0.1:${auth}`, env)
    try {
      const services: ServiceName[] = ['auth', 'directory']
      if (env['SOTTO_RELAY'] === 'on') services.push('relay')
      await Promise.all(services.map((name) => deployment.startService(name)))
    } catch (error) {
      await deployment[Symbol.asyncDispose]()
      throw error
    }
    return deployment
  }

  private constructor(home: TemporaryFolder, authAddress: string, env: NodeJS.ProcessEnv) {
    this.home = home
    this.authAddress = authAddress
    this.env = env
  }

  get directoryAddress(): string {
    return `127.0.0.1:${this.env['SOTTO_DIRECTORY_PORT']}`
  }

  get relayAddress(): string {
    return `127.0.0.1:${this.env['SOTTO_RELAY_PORT']}`
  }

  get caFile(): string {
    return join(this.home.path, 'auth', 'ca', 'ca.pem')
  }

  service(name: ServiceName): TestProcess {
    const running = this.#services.get(name)
    if (running === undefined) throw new Error(`${name} does not run`)
    return running
  }

  /** Start a service. @param settings - Settings that differ from those of the deployment. */
  async startService(name: ServiceName, settings: Environment = {}): Promise<void> {
    const folder = name.split(' ').at(-1) ?? ''
    const running = this.#start([...serviceNodeOptions(folder), programIn(`services/${folder}`)], {
      env: { ...this.env, ...settings },
    })
    this.#services.set(name, running)
    await running.untilStderr('"msg":"up"')
  }

  async endService(name: ServiceName, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.service(name).signal(signal)
    await this.service(name).ended
  }

  /** Add accounts, each with the password "NAME's password", and sign each in, in the profile of the same name. */
  async signUp(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await addUsers(readConfig(this.env), systemClock, [{ name, password: passwordOf(`${name}'s password`) }])
      await this.signIn(name)
    }
  }

  async signIn(name: string, { profile = name, replaceIdentityKey = false } = {}): Promise<void> {
    await login({
      profile: await Profile.openOrCreate(this.home.path, profile),
      server: { authAddress: this.authAddress, authorityPem: await readFile(this.caFile, 'utf8') },
      username: name,
      askPassword: async () => passwordOf(`${name}'s password`),
      replaceIdentityKey,
      clock: systemClock,
      signal: new AbortController().signal,
      trace: undefined,
    })
  }

  profile(name: string): Promise<Profile> {
    return Profile.open(this.home.path, name)
  }

  /** Start `sotto` with these arguments. */
  sotto(args: readonly string[], options: TestProcessOptions = {}): TestProcess {
    return this.#start([SOTTO, ...args], options)
  }

  /** Start Node.js with a file of the project. */
  #start(args: readonly string[], options: TestProcessOptions = {}): TestProcess {
    const started = new TestProcess(process.execPath, args, { env: this.env, ...options })
    this.#started.push(started)
    return started
  }

  /** Run `sotto` to its end. */
  run(args: readonly string[], options: TestProcessOptions = {}): Promise<Outcome> {
    return outcomeOf(this.sotto(args, options))
  }

  /** Start `sotto receive`, and wait until others can call it. */
  async receive(profile: string, args: readonly string[] = []): Promise<Receiver> {
    const process = this.sotto(['receive', '--profile', profile, '--listen', '127.0.0.1', ...args])
    await process.untilStderr(`online as`)
    const [, port] = /, at \S+?:(\d+)(?=,|$)/m.exec(process.errors.text) ?? []
    return { process, port: Number(port) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((each) => each[Symbol.asyncDispose]()))
    await this.home[Symbol.asyncDispose]()
  }
}

export async function outcomeOf(process: TestProcess): Promise<Outcome> {
  const code = await process.ended
  return { code, output: process.output.text, errors: process.errors.text }
}

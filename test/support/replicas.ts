/**
 * Several auths, directories and relays on one PostgreSQL, as processes, and people who use them.
 *
 * Each stands at a loopback address of its own. All programs run under a hosts file in which one name leads to all of a
 * kind, in a mount namespace, so that the machine's own stays as it is. It needs Linux, and root.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '#lib/runtime/clock.ts'
import { addUsers, initialise } from '../../services/auth/admin.ts'
import { readConfig } from '../../services/auth/config.ts'
import { passwordOf } from './auth-records.ts'
import { type Outcome, outcomeOf } from './deployment.ts'
import { environmentOf } from './environment.ts'
import { freePort } from './free-port.ts'
import { Postgres } from './postgres.ts'
import { TestProcess, type TestProcessOptions } from './processes.ts'
import { programIn, SOTTO } from './programs.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

/** The loopback addresses of the replicas. */
const AUTHS = ['127.0.0.2', '127.0.0.3']
const DIRECTORIES = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
const RELAYS = ['127.0.0.2', '127.0.0.3']

type Ports = Readonly<Record<'auth' | 'sealing' | 'directory' | 'relay', number>>

export class Replicas implements AsyncDisposable {
  readonly postgres: Postgres
  /** The names of the replicas, as {@link kill} takes them. */
  readonly names: readonly string[] = [
    ...AUTHS.map((_, index) => `auth ${index}`),
    ...DIRECTORIES.map((_, index) => `directory ${index}`),
    ...RELAYS.map((_, index) => `relay ${index}`),
  ]
  readonly #home: TemporaryFolder
  readonly #ports: Ports
  readonly #running = new Map<string, TestProcess>()
  readonly #others: TestProcess[] = []

  static async start(): Promise<Replicas> {
    const [auth, sealing, directory, relay] = [await freePort(), await freePort(), await freePort(), await freePort()]
    const ports = { auth, sealing, directory, relay }
    const replicas = new Replicas(await Postgres.start(), await temporaryFolder(), ports)
    await replicas.#prepare()
    await Promise.all(replicas.names.map((name) => replicas.revive(name)))
    return replicas
  }

  private constructor(postgres: Postgres, home: TemporaryFolder, ports: Ports) {
    this.postgres = postgres
    this.#home = home
    this.#ports = ports
  }

  /** Kill a replica, and wait for its end. */
  async kill(name: string): Promise<void> {
    const running = this.#running.get(name)
    running?.signal('SIGKILL')
    await running?.ended
  }

  /** Start a replica, again or for the first time. */
  async revive(name: string): Promise<void> {
    const [service = '', index] = name.split(' ')
    const main = programIn(`services/${service}`)
    const started = this.#start([main], { env: this.#settingsOf(service, Number(index)) })
    this.#running.set(name, started)
    await started.untilStderr('"msg":"up"')
  }

  /** Add an account, and sign it in, in a profile of its name. */
  async signUp(name: string): Promise<void> {
    const config = readConfig(this.#settingsOf('auth', 0))
    await addUsers(config, systemClock, [{ name, password: passwordOf(`${name}'s password`) }])
    const server = ['--server', `auth.test:${this.#ports.auth}`, '--ca', join(this.#path('ca'), 'ca.pem')]
    const login = this.sotto(['login', name, '--profile', name, ...server], { input: `${name}'s password\n` })
    const { code, errors } = await outcomeOf(login)
    if (code !== 0) throw new Error(errors)
  }

  /** Start `sotto` with these arguments. */
  sotto(args: readonly string[], options: TestProcessOptions = {}): TestProcess {
    const started = this.#start([SOTTO, ...args], { env: this.#common(), ...options })
    this.#others.push(started)
    return started
  }

  /** Run `sotto` to its end. */
  run(args: readonly string[]): Promise<Outcome> {
    return outcomeOf(this.sotto(args))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = [...this.#others, ...this.#running.values()]
    await Promise.all(started.map((each) => each[Symbol.asyncDispose]()))
    await this.postgres[Symbol.asyncDispose]()
    await this.#home[Symbol.asyncDispose]()
  }

  async #prepare(): Promise<void> {
    const lines = [
      '127.0.0.1 localhost',
      ...AUTHS.map((address) => `${address} auth.test`),
      ...DIRECTORIES.map((address) => `${address} directory.test`),
    ]
    await writeFile(this.#path('hosts'), `${lines.join('\n')}\n`)
    await mkdir(this.#path('keys'))
    for (const database of ['auth', 'directory', 'relay']) await this.postgres.create(database)
    await initialise(readConfig(this.#settingsOf('auth', 0)), systemClock)
  }

  #path(name: string): string {
    return join(this.#home.path, name)
  }

  #common(): NodeJS.ProcessEnv {
    return environmentOf(this.#home.path, { SOTTO_LOG_LEVEL: 'info' })
  }

  #settingsOf(service: string, index: number): NodeJS.ProcessEnv {
    const folders = { SOTTO_DIRECTORY_TLS: this.#path('directory-tls'), SOTTO_RELAY_TLS: this.#path('relay-tls') }
    const common = { ...this.#common(), ...folders }
    if (service === 'auth') {
      return {
        ...common,
        SOTTO_AUTH_HOST: AUTHS[index],
        SOTTO_AUTH_PORT: String(this.#ports.auth),
        SOTTO_AUTH_ADMIN_PORT: '0',
        SOTTO_SEALING_HOST: AUTHS[index],
        SOTTO_SEALING_PORT: String(this.#ports.sealing),
        SOTTO_DIRECTORY_ADDRESS: `directory.test:${this.#ports.directory}`,
        SOTTO_RELAY_ADDRESSES: RELAYS.map((address) => `${address}:${this.#ports.relay}`).join(','),
        SOTTO_AUTH_DATA: this.#path(`auth-${index}`),
        SOTTO_AUTH_DATABASE: this.postgres.urlOf('auth'),
        SOTTO_AUTH_CA: this.#path('ca'),
        SOTTO_AUTH_WRAPPING_KEY_FILE: this.#path('keys/wrapping.key'),
      }
    }
    if (service === 'relay') {
      return {
        ...common,
        SOTTO_RELAY_HOST: RELAYS[index],
        SOTTO_RELAY_PORT: String(this.#ports.relay),
        SOTTO_RELAY_ADMIN_PORT: '0',
        SOTTO_SEALING_ADDRESS: `auth.test:${this.#ports.sealing}`,
        SOTTO_RELAY_DATABASE: this.postgres.urlOf('relay'),
      }
    }
    return {
      ...common,
      SOTTO_DIRECTORY_HOST: DIRECTORIES[index],
      SOTTO_DIRECTORY_PORT: String(this.#ports.directory),
      SOTTO_DIRECTORY_ADMIN_PORT: '0',
      SOTTO_SEALING_ADDRESS: `auth.test:${this.#ports.sealing}`,
      SOTTO_DIRECTORY_DATABASE: this.postgres.urlOf('directory'),
    }
  }

  /** Start Node.js with a file of the project, in a namespace in which the hosts file is ours. */
  #start(args: readonly string[], options: TestProcessOptions): TestProcess {
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    const command = ['--mount', 'bash', '-c', script, this.#path('hosts'), process.execPath, ...args]
    return new TestProcess('unshare', command, options)
  }
}

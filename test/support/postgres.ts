/**
 * A PostgreSQL of a test's own, from what Debian installs, which it may stop, start again and kill.
 *
 * Its databases sort names as English does, and not by bytes, as a host's may.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { TestProcess } from './processes.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)

/** Where Debian puts the programs of each version. */
const VERSIONS = '/usr/lib/postgresql'

/** Why PostgreSQL cannot be started here; undefined if it can. */
export function whyNoPostgres(): string | undefined {
  if (postgresPrograms() === undefined) return 'PostgreSQL is not installed'
  return undefined
}

export class Postgres implements AsyncDisposable {
  readonly port: number
  readonly #programs: string
  readonly #folder: TemporaryFolder
  #server: TestProcess | undefined

  /** Make a cluster of databases, and start its server. */
  static async start(): Promise<Postgres> {
    const installed = postgresPrograms()
    if (installed === undefined) throw new Error('PostgreSQL is not installed')
    const folder = await temporaryFolder()
    const postgres = new Postgres(installed, folder, await freePort())
    await postgres.#make()
    await postgres.startAgain()
    return postgres
  }

  private constructor(installed: string, folder: TemporaryFolder, port: number) {
    this.#programs = installed
    this.#folder = folder
    this.port = port
  }

  /** The URL of a database. */
  urlOf(database: string): string {
    return `postgres://sotto@127.0.0.1:${this.port}/${database}`
  }

  /** Make an empty database. @returns its URL. */
  async create(database = `test_${randomBytes(6).toString('hex')}`): Promise<string> {
    await this.query('postgres', `create database "${database}"`)
    return this.urlOf(database)
  }

  /** Run a statement. @returns what psql prints. */
  async query(database: string, statement: string): Promise<string> {
    const { stdout } = await run(join(this.#programs, 'psql'), ['-XAtq', '-d', this.urlOf(database), '-c', statement])
    return stdout.trim()
  }

  async startAgain(): Promise<void> {
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=200']
    const [command, ...args] = this.#asItsUser('postgres', [
      ...['-D', this.#data, '-p', String(this.port)],
      ...settings.flatMap((setting) => ['-c', setting]),
    ])
    this.#server = new TestProcess(command, args, { env: { ...process.env, LC_ALL: 'C' } })
    await this.#server.untilStderr('database system is ready to accept connections')
  }

  /** Stop the server, its connections as they are: `SIGINT` in order, `SIGQUIT` as in a crash. */
  async stop(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    this.#server?.signal(signal)
    await this.#server?.ended
    this.#server = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#folder[Symbol.asyncDispose]()
  }

  get #data(): string {
    return join(this.#folder.path, 'data')
  }

  async #make(): Promise<void> {
    if (isRoot()) {
      const { stdout } = await run('id', ['-u', 'postgres'])
      await chown(this.#folder.path, Number(stdout), Number(stdout))
    }
    await chmod(this.#folder.path, 0o700)
    const locale = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en']
    const options = ['-D', this.#data, '-A', 'trust', '-U', 'sotto', '-E', 'UTF8', '--no-sync', ...locale]
    const [command, ...args] = this.#asItsUser('initdb', options)
    await run(command, args)
  }

  /** The command line of a program of PostgreSQL, which refuses to be run by root. */
  #asItsUser(program: string, args: readonly string[]): readonly [string, ...string[]] {
    const path = join(this.#programs, program)
    return isRoot()
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', path, ...args]
      : [path, ...args]
  }
}

/** The folder of the newest PostgreSQL's programs; undefined where none is installed. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).map(Number).filter(Boolean) : []
  const newest = Math.max(0, ...versions)
  return newest > 0 ? join(VERSIONS, String(newest), 'bin') : undefined
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

/**
 * Alice and bob, who use the commands over links of the test's own: to both services, and to each other.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '#lib/runtime/clock.ts'
import { fingerprintOf } from '#lib/runtime/tls.ts'
import { addUsers } from '../../services/auth/admin.ts'
import { readConfig } from '../../services/auth/config.ts'
import { passwordOf } from './auth-records.ts'
import { type Deployment, outcomeOf } from './deployment.ts'
import { FarLink, type FarLinkOptions } from './far-link.ts'
import { freePort } from './free-port.ts'
import type { TestProcess, TestProcessOptions } from './processes.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

/** The exit code of a command, and its words without what differs each time. */
export type Said = readonly [code: number | NodeJS.Signals, words: string]

/** The shape of all links of two people. */
export type Distance = Pick<FarLinkOptions, 'roundTripMs' | 'cutAfter'>

export class FarPeople implements AsyncDisposable {
  /** The names of their accounts; their profiles are called alice and bob. */
  readonly alice: string
  readonly bob: string
  readonly #deployment: Deployment
  readonly #distance: Distance
  readonly #host: string
  readonly #home: TemporaryFolder
  readonly #links: FarLink[] = []

  /** @param number - Tells them from others at the same services: they have accounts and an address of their own. */
  static async begin(deployment: Deployment, number: number, distance: Distance): Promise<FarPeople> {
    const people = new FarPeople(deployment, number, distance, await temporaryFolder())
    const accounts = [people.alice, people.bob].map((name) => ({ name, password: passwordOf(`${name}'s password`) }))
    await addUsers(readConfig(deployment.env), systemClock, accounts)
    await mkdir(people.inbox)
    return people
  }

  private constructor(deployment: Deployment, number: number, distance: Distance, home: TemporaryFolder) {
    this.#deployment = deployment
    this.#distance = distance
    this.#host = `127.0.0.${10 + number}`
    this.#home = home
    this.alice = `alice${number}`
    this.bob = `bob${number}`
  }

  /** The folder that bob takes files in. */
  get inbox(): string {
    return join(this.#home.path, 'inbox')
  }

  async #link(target: string, port = 0): Promise<FarLink> {
    const link = await FarLink.start({ ...this.#distance, target, at: { host: this.#host, port } })
    this.#links.push(link)
    return link
  }

  /** Open the links to both services. @returns auth as they reach it, for `--server`. */
  async linkToServices(): Promise<string> {
    const { authAddress, caFile, env } = this.#deployment
    const auth = await this.#link(authAddress)
    // Clients look for the directory where they have found auth, at the port that auth names.
    const directoryPort = Number(env['SOTTO_DIRECTORY_PORT'])
    await this.#link(`127.0.0.1:${directoryPort}`, directoryPort)
    return `${auth.address}#${fingerprintOf(await readFile(caFile, 'utf8'))}`
  }

  /** Open a link to who is going to listen. @returns the options of their command. */
  async linkToListener(): Promise<string[]> {
    const target = `127.0.0.1:${await freePort()}`
    return ['--listen', target, '--advertise', (await this.#link(target)).address]
  }

  /** Write a file that is theirs. @returns its path. */
  async file(name: string, content: string): Promise<string> {
    const path = join(this.#home.path, name)
    await writeFile(path, content)
    return path
  }

  /** Start a command. */
  start(profile: string, args: readonly string[], options: TestProcessOptions = {}): TestProcess {
    const env = { ...this.#deployment.env, SOTTO_HOME: this.#home.path }
    return this.#deployment.sotto([...args, '--profile', profile], { env, ...options })
  }

  /** Run a command to its end. */
  async run(profile: string, ...args: readonly string[]): Promise<Said> {
    return await this.endOf(this.start(profile, args))
  }

  async endOf(running: TestProcess): Promise<Said> {
    const { code, output, errors } = await outcomeOf(running)
    const words = `${output}${errors}`
      .replaceAll(/\b(alice|bob)\d+/g, '$1')
      .replaceAll(this.#home.path, 'HOME')
      .replaceAll(/127\.0\.0\.\d+:\d+(#[0-9a-f]+)?/g, 'ADDRESS')
      .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d\b/g, 'TIME')
      // A number to compare: a QR code, digits and words.
      .replace(/^[▄▀█ ]+$[\s\S]*?(?=^sotto:)/m, 'NUMBER\n')
    return [code, words]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map((link) => link[Symbol.asyncDispose]()))
    await this.#home[Symbol.asyncDispose]()
  }
}

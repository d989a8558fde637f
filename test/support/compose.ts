/**
 * A run of the project's docker-compose.yml under a project name of its own.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Outcome, outcomeOf } from './deployment.ts'
import { ROOT } from './environment.ts'
import { TestProcess } from './processes.ts'

/** The image on which that of Sotto stands. */
export const BASE_IMAGE = /^FROM (node:\S+)$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[1] ?? ''

/** Why no containers are started here; undefined if they are. */
export const whyNoCompose = (): string | undefined =>
  process.env['SOTTO_TEST_COMPOSE'] === undefined ? 'SOTTO_TEST_COMPOSE is not set' : undefined

/** The part of `docker inspect`'s output that tests use. */
export interface Container {
  readonly Id: string
  readonly Name: string
  readonly Config: { readonly User: string }
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean
    readonly CapDrop: readonly string[]
    readonly SecurityOpt: readonly string[]
    readonly RestartPolicy: { readonly Name: string }
    readonly LogConfig: { readonly Config: Readonly<Record<string, string>> }
  }
  readonly Mounts: readonly { readonly Name?: string; readonly Destination: string; readonly RW: boolean }[]
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { HostPort: string }[] | null>>
    readonly Networks: Readonly<Record<string, { readonly Gateway: string; readonly IPAddress: string }>>
  }
  readonly State: {
    readonly Status: string
    readonly ExitCode: number
    readonly OOMKilled: boolean
    readonly Health?: { readonly Status: string }
  }
}

export class ComposeProject {
  readonly name: string
  readonly #env: NodeJS.ProcessEnv
  readonly #command: readonly string[]

  /**
   * @param settings - What docker-compose.yml takes from the environment.
   * @param options - Options of compose that come before a command.
   */
  constructor(name: string, settings: Readonly<Record<string, string>>, options: readonly string[] = []) {
    this.name = name
    this.#env = { ...process.env, ...settings }
    this.#command = [...composeCommand(), '--project-name', name, ...options]
  }

  /** Run `docker compose ARGS` to its end. */
  try(args: readonly string[], input?: string): Promise<Outcome> {
    const [program = '', ...own] = this.#command
    return run(program, [...own, ...args], { env: this.#env, input })
  }

  /** Run `docker compose ARGS` to its end. @throws Error if it fails, with what it printed. */
  async do(args: readonly string[], input?: string): Promise<Outcome> {
    return succeeded(await this.try(args, input), args)
  }

  /** Run a command in a container, as its own processes run. */
  exec(service: string, ...command: readonly string[]): Promise<Outcome> {
    return this.try(['exec', '-T', service, ...command])
  }

  /**
   * Wait until all containers of these services are healthy.
   *
   * @returns how long that took, in milliseconds.
   * @throws Error with the logs, if they are not within that time.
   */
  async untilHealthy(services: readonly string[], withinMs: number): Promise<number> {
    const startedMs = performance.now()
    const isHealthy = async (service: string) => {
      const containers = await this.containers(service)
      return containers.length > 0 && containers.every(({ State }) => State.Health?.Status === 'healthy')
    }
    while (!(await Promise.all(services.map(isHealthy))).every(Boolean)) {
      if (performance.now() - startedMs > withinMs) {
        const { output } = await this.try(['logs', '--no-color'])
        throw new Error(`not healthy after ${withinMs} ms:\n${output}`)
      }
      await wait(200)
    }
    return performance.now() - startedMs
  }

  async container(service: string): Promise<Container> {
    const [container] = await this.containers(service)
    if (container === undefined) throw new Error(`${service} has no container`)
    return container
  }

  /** The containers of a service, those that have ended included. */
  async containers(service: string): Promise<readonly Container[]> {
    // Only the second version lists stopped containers with --all, and only the first does so without.
    const filter = ['--filter', `label=com.docker.compose.project=${this.name}`]
    const which = ['--filter', `label=com.docker.compose.service=${service}`]
    const { output } = await docker('ps', '--all', '--quiet', '--no-trunc', ...filter, ...which)
    const ids = output.split('\n').filter(Boolean)
    return ids.length === 0 ? [] : (JSON.parse((await docker('inspect', ...ids)).output) as Container[])
  }
}

/** Run `docker ARGS` to its end. @throws Error if it fails, with what it printed. */
export async function docker(...args: readonly string[]): Promise<Outcome> {
  return succeeded(await run('docker', args), args)
}

/** The command: `docker compose`, or `docker-compose` where that is missing. */
function composeCommand(): readonly string[] {
  return spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0
    ? ['docker', 'compose']
    : ['docker-compose']
}

/** What compose puts between the parts of a container's name. */
export const composeSeparator = (): string => (composeCommand().length > 1 ? '-' : '_')

function run(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string | undefined } = {},
) {
  return outcomeOf(new TestProcess(program, args, { cwd: ROOT, ...options }))
}

function succeeded(outcome: Outcome, args: readonly string[]): Outcome {
  if (outcome.code !== 0)
    throw new Error(`${args.join(' ')} ended with ${outcome.code}:\n${outcome.output}${outcome.errors}`)
  return outcome
}

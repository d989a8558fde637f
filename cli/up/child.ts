/**
 * A service as a child process: started, told where it listens, asked to stop.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { getCompileCacheDir } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SottoError } from '#lib/errors.ts'
import type { Environment } from '#lib/runtime/environment.ts'
import { serviceNodeOptions } from '#lib/runtime/node-options.ts'
import type { ReadyReport, StartReport } from '#lib/runtime/parent.ts'

/**
 * How long a service may take to stop before it is killed, in milliseconds: each of its servers lets calls finish for
 * 3 s, and Auth has three.
 */
export const STOP_MS = 10_000

/**
 * How long a service may take to start, in milliseconds: it takes one or two seconds, and longer on a slow disk or where a
 * large database of an earlier version is brought up to date.
 */
export const START_MS = 60_000

/** Standard output belongs to the program that starts the services; what they write goes to standard error. */
const STDIO = ['ignore', 2, 2, 'ipc'] as const

export class ServiceChild {
  readonly name: string
  /** Resolves when the process has ended, with how it did: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>
  readonly #process: ChildProcess

  /**
   * Start a service. It is not up before {@link untilUp} says so.
   *
   * @param name - The folder of its main.ts, beside this one.
   * @param env - All of its environment: its settings and the rest.
   */
  constructor(name: string, env: Environment) {
    const main = fileURLToPath(new URL(`../../services/${name}/main${extname(import.meta.url)}`, import.meta.url))
    this.name = name
    // Node.js hashes passwords on a pool of 4 threads by default, whatever the machine has; two are left for files.
    const threads = { UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism() + 2)) }
    this.#process = fork(main, [], {
      env: { ...threads, ...compileCache(), ...env },
      execArgv: [...serviceNodeOptions(name)],
      stdio: [...STDIO],
    })
    this.ended = once(this.#process, 'exit').then(([code, signal]) => signal ?? `exit code ${code}`)
  }

  /**
   * Wait until the service says how its start went.
   *
   * @returns what it serves, and where.
   * @throws SottoError what it says; `ERR_INTERNAL` if it ends without a word; `ERR_UNAVAILABLE` if it says nothing within
   *   {@link START_MS}; the signal's reason.
   */
  async untilUp(signal: AbortSignal, timeoutMs: number = START_MS): Promise<ReadyReport> {
    const given = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const [report] = (await Promise.race([
      once(this.#process, 'message', { signal: given }).catch((error: unknown) => {
        signal.throwIfAborted()
        throw given.aborted ? this.#silent(timeoutMs) : error
      }),
      this.failure(),
    ])) as [StartReport]
    if (report.state === 'ready') return report
    const { code, message, hint } = report
    throw new SottoError(code, `${this.name}: ${message}`, hint === undefined ? {} : { hint })
  }

  #silent(timeoutMs: number): SottoError {
    return new SottoError('ERR_UNAVAILABLE', `${this.name} is not up after ${timeoutMs / 1_000} seconds`, {
      hint: 'its last log lines say how far it came; see whether its disk answers',
    })
  }

  /** Rejects when the process ends, with `ERR_INTERNAL`: for a service that nobody has asked to stop. */
  async failure(): Promise<never> {
    throw new SottoError('ERR_INTERNAL', `${this.name} has ended by itself (${await this.ended})`, {
      hint: 'its last log lines say why',
    })
  }

  /**
   * Ask the service to stop, and wait until it has. It may have stopped already.
   *
   * The request goes over the channel: a signal, beside the one that Ctrl-C sends to the whole group, would count as a
   * second one, which ends a process at once.
   *
   * @throws SottoError `ERR_INTERNAL` if it had to be killed, or did not end in order.
   */
  async stop(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS)
    const how = await this.ended
    clearTimeout(timer)
    if (how === 'exit code 0') return
    throw new SottoError('ERR_INTERNAL', `${this.name} did not stop in order (${how})`, {
      hint: 'its last log lines say why',
    })
  }
}

/** A service keeps its compiled sources where this process keeps its own, if it does. */
function compileCache(): Environment {
  const folder = getCompileCacheDir()
  // Node.js has added a folder for its own version.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) }
}

/**
 * The project's programs as processes of their own.
 *
 * @module
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { CapturedStream } from './captured-stream.ts'

export class TestProcess implements AsyncDisposable {
  readonly output = new CapturedStream()
  readonly errors = new CapturedStream()
  /** Resolves with the exit code, or with the name of the signal that ended it, once its output is all there. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly #process: ChildProcess

  /** @param options.detached - In a process group of its own, for {@link signalGroup}. */
  constructor(command: string, args: readonly string[], options: Pick<SpawnOptions, 'env' | 'detached'> = {}) {
    this.#process = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process.stdout?.pipe(this.output)
    this.#process.stderr?.pipe(this.errors)
    this.ended = once(this.#process, 'close').then(([code, signal]) => code ?? signal)
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('it was never started')
    return this.#process.pid
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Send a signal to all of its process group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /** The processes that it has started and that have not ended. Linux only. */
  async children(): Promise<number[]> {
    const listed = await readFile(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')
    return listed.split(' ').filter(Boolean).map(Number)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }
}

/** Whether there is such a process. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

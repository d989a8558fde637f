/**
 * The project's programs as processes of their own.
 *
 * @module
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { CapturedStream } from './captured-stream.ts'

export interface TestProcessOptions extends Pick<SpawnOptions, 'env' | 'cwd'> {
  /** Whether the process gets a process group of its own, for {@link TestProcess.signalGroup}. */
  readonly detached?: boolean
  /** The standard input; `open` for a pipe that the test writes to. None unless set. */
  readonly input?: string | Uint8Array | 'open' | undefined
}

export class TestProcess implements AsyncDisposable {
  readonly output = new CapturedStream()
  readonly errors = new CapturedStream()
  /** Resolves with the exit code, or with the name of the signal that ended the process, once all output is there. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly #process: ChildProcess
  readonly #isGroup: boolean

  constructor(command: string, args: readonly string[], { input, ...options }: TestProcessOptions = {}) {
    this.#isGroup = options.detached === true
    this.#process = spawn(command, args, {
      ...options,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    this.#process.stdout?.pipe(this.output)
    this.#process.stderr?.pipe(this.errors)
    this.ended = once(this.#process, 'close').then(([code, signal]) => code ?? signal)
    // A program that ends before it has read all is no fault of the test.
    this.#process.stdin?.on('error', () => {})
    if (input !== undefined && input !== 'open') this.#process.stdin?.end(input)
  }

  /** The standard input, where that is a pipe. */
  get input(): Writable {
    if (!this.#process.stdin) throw new Error('it has no standard input')
    return this.#process.stdin
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('it was never started')
    return this.#process.pid
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Close the pipe of the standard output, as a reader does that has read enough. */
  closeOutput(): void {
    this.#process.stdout?.destroy()
  }

  /** Send a signal to the whole process group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /**
   * Wait until standard error has an expected text.
   *
   * @throws Error with all that the process printed there, if it ends before.
   */
  async untilStderr(expected: string | RegExp): Promise<void> {
    const isPrinted = (text: string) => (typeof expected === 'string' ? text.includes(expected) : expected.test(text))
    await Promise.race([this.errors.until(isPrinted), this.ended])
    if (!isPrinted(this.errors.text)) throw new Error(`it has ended (${await this.ended}):\n${this.errors.text}`)
  }

  /** Whether any process of the group still runs. */
  get isGroupRunning(): boolean {
    return isRunning(-this.pid)
  }

  /**
   * Wait until this is all of the standard output.
   *
   * @throws Error if the process prints something else, or ends before.
   */
  async untilStdout(expected: string): Promise<void> {
    await Promise.race([this.output.until((text) => text.length >= expected.length), this.ended])
    if (this.output.text === expected) return
    throw new Error(`it shows something else:\n${this.output.text.slice(0, 1_000)}`)
  }

  /** The ids of the child processes that have not ended. Linux only. */
  async children(): Promise<number[]> {
    const listed = await readFile(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')
    return listed.split(' ').filter(Boolean).map(Number)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isGroup && this.isGroupRunning) this.signalGroup('SIGKILL')
    else this.#process.kill('SIGKILL')
    await this.ended
  }
}

/** Whether the process of this id runs or, for a number below 0, any process of that group. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

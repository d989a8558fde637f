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
  /** In a process group of its own, for {@link TestProcess.signalGroup}. */
  readonly detached?: boolean
  /** What is piped into it; `open` for a pipe that the test writes to. Nothing unless set. */
  readonly input?: string | Uint8Array | 'open' | undefined
}

export class TestProcess implements AsyncDisposable {
  readonly output = new CapturedStream()
  readonly errors = new CapturedStream()
  /** Resolves with the exit code, or with the name of the signal that ended it, once its output is all there. */
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

  /** Its standard input, where that is a pipe. */
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

  /** Close the pipe that it writes its output to, as a reader does that has seen enough. */
  closeOutput(): void {
    this.#process.stdout?.destroy()
  }

  /** Send a signal to all of its process group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /**
   * Wait until it has said something on standard error.
   *
   * @throws Error with all that it said, if it ends before.
   */
  async untilStderr(expected: string | RegExp): Promise<void> {
    const isPrinted = (text: string) => (typeof expected === 'string' ? text.includes(expected) : expected.test(text))
    await Promise.race([this.errors.until(isPrinted), this.ended])
    if (!isPrinted(this.errors.text)) throw new Error(`it has ended (${await this.ended}):\n${this.errors.text}`)
  }

  /** Whether any process of its group is there still. */
  get isGroupRunning(): boolean {
    return isRunning(-this.pid)
  }

  /**
   * Wait until this is all of its standard output.
   *
   * @throws Error if it says something else, or ends before.
   */
  async untilStdout(expected: string): Promise<void> {
    await Promise.race([this.output.until((text) => text.length >= expected.length), this.ended])
    if (this.output.text === expected) return
    throw new Error(`it shows something else:\n${this.output.text.slice(0, 1_000)}`)
  }

  /** The processes that it has started and that have not ended. Linux only. */
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

/** Whether there is such a process, or, below 0, a process of that group. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/**
 * A shell into which a test types one block of commands after the other, as a person would: variables, functions and
 * background jobs stay.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** The descriptor on which the shell reports each block as done. Its jobs inherit it, so it closes with the last. */
const MARKS = 3

export class Shell implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #folder: string
  readonly #marks: AsyncIterator<string>
  readonly #closed: Promise<unknown>
  #count = 0

  /** Start the shell. @param folder - Holds what is typed and what is printed. */
  constructor(folder: string, options: { readonly env: NodeJS.ProcessEnv; readonly cwd: string }) {
    this.#folder = folder
    // The shell has a process group of its own, so that whatever it leaves running can be ended.
    this.#process = spawn('bash', ['--norc', '--noprofile'], {
      ...options,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    })
    const marks = this.#process.stdio[MARKS] as Readable
    this.#closed = once(marks, 'close')
    this.#marks = createInterface({ input: marks })[Symbol.asyncIterator]()
    // A shell that has ended is noticed by its silence.
    this.#process.stdin?.on('error', () => {})
  }

  /**
   * Run a block of commands.
   *
   * @returns What the block printed, on both outputs.
   * @throws Error with that, if it takes longer than `timeoutMs`. The shell is then ended, with all that runs in it.
   */
  async run(commands: string, timeoutMs: number): Promise<string> {
    const typed = join(this.#folder, `${++this.#count}.sh`)
    const printed = join(this.#folder, `${this.#count}.out`)
    await writeFile(typed, `${commands}\n`)
    this.#process.stdin?.write(`source '${typed}' > '${printed}' 2>&1 < /dev/null; echo done >&${MARKS}\n`)
    const timer = setTimeout(() => this.#end(), timeoutMs)
    const { done } = await this.#marks.next()
    clearTimeout(timer)
    if (done) throw new Error(`the shell has ended: ${await readFile(printed, 'utf8').catch(() => 'before')}`)
    return await readFile(printed, 'utf8')
  }

  /** End the shell and whatever still runs in it. Resolves when all of that has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end()
    await this.#closed
  }

  #end(): void {
    this.#process.stdin?.end()
    if (this.#process.pid === undefined) return
    try {
      process.kill(-this.#process.pid, 'SIGTERM')
    } catch {
      // Nothing of it is left.
    }
  }
}

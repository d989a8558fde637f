/**
 * An actor: a process of its own that does what it is asked, such as one end of a conversation.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { environmentOf, ROOT } from '../../support/environment.ts'

/** What an actor can be asked for, by name. */
// biome-ignore lint/suspicious/noExplicitAny: what a request takes is said where it stands.
export type Requests = Record<string, (...args: any[]) => unknown>

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly failure?: string
}

export class Actor<R extends Requests> implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>()
  #errors = ''
  #nextId = 1

  /** Start a file of test/bench/ as a process. Resolves when it can be asked. */
  static async start<R extends Requests>(file: string, ...args: readonly string[]): Promise<Actor<R>> {
    const actor = new Actor<R>(file, args)
    await actor.#expect(0)
    return actor
  }

  private constructor(file: string, args: readonly string[]) {
    this.#process = fork(join(ROOT, 'test', 'bench', file), [...args], {
      env: environmentOf(''),
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#process.stderr?.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-4_000)
    })
    this.#process.on('message', ({ id, value, failure }: Answer) => {
      const asked = this.#asked.get(id)
      this.#asked.delete(id)
      if (failure === undefined) asked?.resolve(value)
      else asked?.reject(new Error(`${file}: ${failure}`))
    })
    this.#process.on('exit', () => {
      for (const asked of this.#asked.values()) asked.reject(new Error(`${file} has ended:\n${this.#errors}`))
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  ask<K extends keyof R & string>(request: K, ...args: Parameters<R[K]>): Promise<Awaited<ReturnType<R[K]>>> {
    const id = this.#nextId++
    const answer = this.#expect(id)
    this.#process.send({ id, request, args })
    return answer as Promise<Awaited<ReturnType<R[K]>>>
  }

  #expect(id: number): Promise<unknown> {
    const asked = Promise.withResolvers<unknown>()
    this.#asked.set(id, asked)
    return asked.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isOver = this.#process.exitCode !== null || this.#process.signalCode !== null
    const ended = isOver ? undefined : once(this.#process, 'exit')
    if (this.#process.connected) this.#process.disconnect()
    await ended
  }
}

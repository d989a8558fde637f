/**
 * One of the two sides of a conversation of real processes: a program that is killed and started again, what is typed
 * into it, and what it shows.
 *
 * @module
 */
import { EventEmitter, once } from 'node:events'
import { openStore } from '../../../clients/store/open-store.ts'
import type { Direction } from '../../../clients/store/rows/batch.ts'
import type { Store } from '../../../clients/store/store.ts'
import type { Deployment } from '../../support/deployment.ts'
import { textOf } from '../../support/event-text.ts'
import type { TestProcess } from '../../support/processes.ts'
import { Violation } from '../world.ts'
import { LineReader, readChatLine, readJsonLine, type ShownMessage } from './shown.ts'
import type { Activity, Victim } from './victim.ts'

/** The program that a side uses: `chat` sends and receives, the others do one of the two. */
export type Command = 'chat' | 'receive' | 'send'

/** The most lines that are typed ahead of what the program shows as taken. */
const TYPED_AHEAD = 50

export interface SideOptions {
  readonly deployment: Deployment
  readonly name: string
  readonly peer: string
  /** Notified whenever a program has taken or shown a message, or has ended by itself. */
  readonly activity: Activity
}

export class Side implements Victim {
  readonly name: string
  readonly peer: string
  readonly label: string
  /** How many messages the program has taken, and so promised to deliver: those with the numbers from 1 to this. */
  taken = 0
  /** How many messages the side is to send in all. */
  total = 0
  /** The messages of the other side that each run of a program has shown, in order. */
  readonly runs: ShownMessage[][] = []
  readonly #options: SideOptions
  #command: Command = 'chat'
  #args: readonly string[] = []
  #process: TestProcess | undefined
  #typed = 0
  #isStopping = false

  constructor(options: SideOptions) {
    this.name = options.name
    this.label = options.name
    this.peer = options.peer
    this.#options = options
  }

  /** Start a program: the same as before, unless another is named. */
  start(command: Command = this.#command, args: readonly string[] = this.#args): void {
    const { deployment } = this.#options
    this.#command = command
    this.#args = args
    this.#isStopping = false
    const given = { chat: [this.peer], receive: ['--json'], send: [this.peer, '--queue'] }[command]
    const listen = command === 'send' ? [] : ['--listen', '127.0.0.1']
    const all = [command, ...given, '--profile', this.name, ...listen, ...args]
    const started = deployment.sotto(all, { input: 'open' })
    const run: ShownMessage[] = []
    this.runs.push(run)
    const read = { chat: readChatLine, receive: readJsonLine, send: () => undefined }[command]
    const reader = new LineReader((line) => this.#see(read(line), run))
    started.output.on('captured', (chunk: Buffer) => reader.take(chunk))
    this.#process = started
    void started.ended.then((code) => {
      if (this.#process === started && !this.#isStopping) this.#fail(started, code)
    })
    if (command === 'send') void this.#follow(started)
    this.#type()
  }

  /** Follow in the store what a program takes, as `sotto send` does not show it. */
  async #follow(followed: TestProcess): Promise<void> {
    const { pins } = (await this.#options.deployment.profile(this.name)).state
    await this.withStore(async (store) => {
      const messageLog = store.messageLog(this.peer, pins.get(this.peer)?.identityKey)
      const watch = store.watch(() => {
        if (this.#process !== followed) return
        this.taken = messageLog.progress().appended
        this.#type()
        this.#options.activity.emit('change')
      })
      await followed.ended
      watch.stop()
    })
  }

  #fail(ended: TestProcess, code: unknown): void {
    const error = new Violation(`${this.name}'s program ended by itself (${code}):\n${ended.errors.text}`)
    // Without anybody who waits, the run is over: its own failure is what counts.
    if (this.#options.activity.listenerCount('error') > 0) this.#options.activity.emit('error', error)
  }

  #see(shown: ShownMessage | undefined, run: ShownMessage[]): void {
    if (shown === undefined) return
    if (shown.from === this.name) {
      this.taken = Math.max(this.taken, shown.number)
      this.#type()
    } else run.push(shown)
    this.#options.activity.emit('change')
  }

  /** Enqueue so many more messages. */
  enqueue(count: number): void {
    this.total += count
    this.#type()
  }

  /** Type a line that is no message. */
  type(line: string): void {
    this.#process?.input.write(`${line}\n`)
  }

  /** Type as many messages as may be ahead of the program. */
  #type(): void {
    if (this.#process === undefined || this.#command === 'receive') return
    for (; this.#typed < Math.min(this.total, this.taken + TYPED_AHEAD); this.#typed += 1) {
      this.#process.input.write(`${this.text(this.#typed + 1)}\n`)
    }
  }

  /** The text of the message with this number, counted from 1. */
  text(number: number): string {
    return `${this.name} ${number} ${'.'.repeat(1 + ((number * 7) % 90))}`
  }

  /** Kill the program with SIGKILL, and find out from the store what it had taken. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
    const stored = (await this.texts('outgoing')).length
    if (stored < this.taken)
      throw new Violation(`${this.name} had taken ${this.taken} messages, and ${stored} are there`)
    this.taken = stored
    this.#typed = stored
    this.#options.activity.emit('change')
  }

  /** End the program in order: `sotto send` ends with its input. */
  async stop(): Promise<void> {
    if (this.#command === 'send') this.#process?.input.end()
    await this.#end(this.#command === 'send' ? undefined : 'SIGTERM')
  }

  async #end(signal: NodeJS.Signals | undefined): Promise<void> {
    const ending = this.#process
    this.#isStopping = true
    this.#process = undefined
    if (signal !== undefined) ending?.signal(signal)
    await ending?.ended
  }

  /** Open the store concurrently with the program that has it open. */
  async withStore<T>(work: (store: Store) => T | Promise<T>): Promise<T> {
    const { folder, key } = (await this.#options.deployment.profile(this.name)).storage
    const store = openStore(folder, { profileKey: key })
    try {
      return await work(store)
    } finally {
      store.close()
    }
  }

  /** The texts that the store has in one direction, in order. */
  async texts(direction: Direction): Promise<string[]> {
    return this.withStore(async (store) => {
      const texts: string[] = []
      for await (const message of store.messages([this.peer])) {
        if (message.kind === 'gap') throw new Violation(`${this.name}'s store has a gap`)
        if (message.direction === direction && message.event.kind?.$case === 'text') texts.push(textOf(message.event))
      }
      return texts
    })
  }

  /** Wait until all that was sent is delivered. */
  async untilDelivered(): Promise<void> {
    await this.withStore(async (store) => {
      const changed = new EventEmitter<{ changed: [] }>()
      const watch = store.watch(() => void changed.emit('changed'))
      try {
        while (store.waiting().length > 0) {
          await once(changed, 'changed', { signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS) })
        }
      } catch (cause) {
        throw new Violation(`what ${this.name} sent has not arrived`, { cause })
      } finally {
        watch.stop()
      }
    })
  }
}

/** The longest time without a delivery, in milliseconds: the longest silence, backoff, and a call. */
const DELIVERY_TIMEOUT_MS = 90_000

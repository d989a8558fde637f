/**
 * A `sotto chat --json` in a process of its own, as a script uses it.
 *
 * @module
 */
import { once } from 'node:events'
import { StringDecoder } from 'node:string_decoder'
import type { TestProcess } from './processes.ts'

/** A line that the chat has written. */
export type ChatEvent = Readonly<Record<string, unknown>>

export class JsonChat implements AsyncDisposable {
  readonly #process: TestProcess
  readonly #events: ChatEvent[] = []

  /** @param started - Its standard input is open. @returns once it is online. */
  static async online(started: TestProcess): Promise<JsonChat> {
    const chat = new JsonChat(started)
    await chat.until('online', () => true)
    return chat
  }

  private constructor(started: TestProcess) {
    this.#process = started
    const decoder = new StringDecoder('utf8')
    let rest = ''
    started.output.on('captured', (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#events.push(JSON.parse(line))
    })
  }

  /** What it has written of a type, in order. */
  events(type: string): ChatEvent[] {
    return this.#events.filter((event) => event['type'] === type)
  }

  /** Wait until it writes such an event. @throws Error with what it complained of, if it ends before. */
  async until(type: string, isMeant: (event: ChatEvent) => boolean): Promise<ChatEvent> {
    const { output, ended, errors } = this.#process
    while (true) {
      const event = this.events(type).find(isMeant)
      if (event !== undefined) return event
      const code = await Promise.race([once(output, 'captured').then(() => undefined), ended])
      if (code !== undefined) throw new Error(`it has ended (${code}):\n${errors.text}`)
    }
  }

  say(to: string, text: string): void {
    this.#write({ to, text })
  }

  command(command: string): void {
    this.#write({ command })
  }

  #write(line: object): void {
    this.#process.input.write(`${JSON.stringify(line)}\n`)
  }

  /** Wait until it shows a text that somebody else has said. */
  async untilText(text: string): Promise<void> {
    await this.until('message', (event) => event['state'] === 'received' && event['text'] === text)
  }

  /** All that somebody has said, in the order in which it was shown. */
  textsFrom(name: string): unknown[] {
    return this.events('message').flatMap(({ from, text }) => (from === name ? [text] : []))
  }

  /** The ways that conversations have gone, in order. */
  get routes(): unknown[] {
    return this.events('route').map(({ route }) => route)
  }

  /** Leave in order. @throws Error if that fails. */
  async quit(): Promise<void> {
    this.#process.input.end(`${JSON.stringify({ command: 'quit' })}\n`)
    const code = await this.#process.ended
    if (code !== 0) throw new Error(`it has ended (${code}):\n${this.#process.errors.text}`)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]()
  }
}

/**
 * The screen of a chat on a real terminal, with the test in place of the network.
 *
 * @module
 */
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Order, Report, SentEntry } from './chat-program.ts'
import { Tmux, type TmuxOptions } from './tmux.ts'

const PROGRAM = join(import.meta.dirname, 'chat-program.ts')

export class ChatOnTmux {
  readonly tmux: Tmux
  /** The lines that the user has submitted so far. */
  readonly submitted: unknown[] = []
  readonly #server: Server
  readonly #socket: Socket

  private constructor(tmux: Tmux, server: Server, socket: Socket) {
    this.tmux = tmux
    this.#server = server
    this.#socket = socket
    createInterface({ input: socket }).on('line', (line) => {
      const report = JSON.parse(line) as Report
      if ('submitted' in report) this.submitted.push(report.submitted)
    })
  }

  /**
   * Start the program, and wait until it has connected to the test.
   *
   * @param folder - An empty folder, for the socket between it and the test.
   * @param script - Makes of the command that starts the program the script that an interactive bash runs instead.
   */
  static async open(folder: string, options: TmuxOptions, script?: (command: string) => string): Promise<ChatOnTmux> {
    const path = join(folder, 'chat.socket')
    const server = createServer()
    const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const command = [process.execPath, PROGRAM, path]
    const shell = script && ['bash', '--norc', '-ic', script(command.join(' '))]
    const tmux = await Tmux.open(shell ?? command, options)
    return new ChatOnTmux(tmux, server, await connected)
  }

  send(order: Order): void {
    this.#socket.write(`${JSON.stringify(order)}\n`)
  }

  /** Show messages, from bob unless they have other fields. */
  add(...entries: readonly (Partial<SentEntry> & { readonly text: string })[]): void {
    this.send({ add: entries.map((entry) => ({ ...usual(), ...entry })) })
  }

  async close(): Promise<void> {
    await this.tmux.close()
    this.#socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** The usual fields of a message: from bob, one minute past ten on a Sunday. */
function usual(): Omit<SentEntry, 'text'> {
  return { id: '', kind: 'message', who: 'bob', own: false, timeMs: Date.UTC(2026, 10, 22, 10, 1) }
}

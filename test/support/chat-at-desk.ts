/**
 * A whole `sotto chat` in this process, on a virtual terminal.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { type ChatOptions, chat } from '../../clients/chat/chat.ts'
import type { Installation } from './installation.ts'
import { VirtualKeyboard, VirtualTerminal } from './virtual-terminal.ts'

/** A terminal that emits `drawn` when something was written to it. */
class WatchedTerminal extends VirtualTerminal {
  override _write(text: string, encoding: BufferEncoding, done: () => void): void {
    super._write(text, encoding, done)
    this.emit('drawn')
  }
}

export class ChatAtDesk implements AsyncDisposable {
  readonly terminal: VirtualTerminal
  readonly done: Promise<void>
  readonly #keyboard = new VirtualKeyboard()
  readonly #stop = new AbortController()

  constructor(installation: Installation, name: string, options: Partial<ChatOptions> = {}, rows = 24) {
    this.terminal = new WatchedTerminal(80, rows)
    this.done = chat({
      home: installation.home.path,
      profile: name,
      to: undefined,
      input: this.#keyboard,
      output: this.terminal,
      listen: { address: '127.0.0.1', port: 0 },
      advertise: [],
      bell: false,
      downloads: installation.home.path,
      trace: false,
      clock: systemClock,
      signal: this.#stop.signal,
      ...options,
    })
    this.done.catch(() => undefined)
  }

  /** Open a chat, and wait until it shows that it is online. */
  static async open(
    installation: Installation,
    name: string,
    options?: Partial<ChatOptions>,
    rows?: number,
  ): Promise<ChatAtDesk> {
    const desk = new ChatAtDesk(installation, name, options, rows)
    await desk.shows('online; /help')
    return desk
  }

  /** Type a line, and submit it with Enter. */
  submit(text: string): void {
    this.type(`${text}\r`)
  }

  type(text: string): void {
    this.#keyboard.write(text)
  }

  /** Wait until a row shows something. Returns the rows of the screen then. */
  async shows(what: string | RegExp): Promise<string[]> {
    const isShown = () =>
      this.terminal.screen.some((row) => (typeof what === 'string' ? row.includes(what) : what.test(row)))
    let isOver = false
    const over = this.done.finally(() => {
      isOver = true
    })
    while (!isShown()) {
      if (isOver) throw new Error(`the chat is over, and showed\n${this.terminal.screen.join('\n')}`)
      const drawn = Promise.withResolvers<void>()
      this.terminal.once('drawn', drawn.resolve)
      await Promise.race([drawn.promise, over])
      this.terminal.off('drawn', drawn.resolve)
    }
    return this.terminal.screen
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
    await this.done.catch(() => undefined)
  }
}

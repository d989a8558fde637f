/**
 * Terminals with a `sotto chat` on each, in a process of its own.
 *
 * @module
 */
import { environmentOf } from './environment.ts'
import type { Installation } from './installation.ts'
import { SOTTO } from './programs.ts'
import { Tmux, type TmuxOptions } from './tmux.ts'

export interface ChatTerminalsOptions extends Pick<TmuxOptions, 'columns' | 'rows'> {
  /** More flags that every chat is started with. */
  readonly flags?: readonly string[]
  /** The kind of the terminals, in place of what tmux says of itself. */
  readonly term?: string
}

export class ChatTerminals implements AsyncDisposable {
  readonly #installation: Installation
  readonly #options: ChatTerminalsOptions
  readonly #terminals: Tmux[] = []

  constructor(installation: Installation, options: ChatTerminalsOptions) {
    this.#installation = installation
    this.#options = options
  }

  /** Open a terminal with a chat, and wait until it shows that it is online. */
  async open(name: string, to: string): Promise<Tmux> {
    const { flags = [], term, columns, rows } = this.#options
    const kind = term === undefined ? [] : ['env', `TERM=${term}`]
    const command = [...kind, process.execPath, SOTTO, 'chat', to, '--profile', name]
    const { PATH = '', NODE_COMPILE_CACHE = '', SOTTO_HOME = '' } = environmentOf(this.#installation.home.path)
    const env = { PATH, NODE_COMPILE_CACHE, SOTTO_HOME, NO_COLOR: '1' }
    const terminal = await Tmux.open([...command, '--listen', '127.0.0.1', ...flags], { columns, rows, env })
    this.#terminals.push(terminal)
    await shows(terminal, 'online; /help')
    return terminal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#terminals.map((terminal) => terminal.close()))
  }
}

/** Wait until a terminal shows something. Returns the rows of the screen then. */
export function shows(terminal: Tmux, text: string | RegExp): Promise<string[]> {
  return terminal.until((rows) => rows.some((row) => (typeof text === 'string' ? row.includes(text) : text.test(row))))
}

/** Type a line, and submit it with Enter. */
export async function submit(terminal: Tmux, text: string): Promise<void> {
  await terminal.type(text)
  await terminal.press('Enter')
}

/**
 * A line that a person edits at the bottom of a terminal, while other things are shown above it. node:readline draws it; a
 * chat, which draws all of its screen itself, has a line editor of its own (chat/screen/line-editor.ts).
 *
 * @module
 */
import { on } from 'node:events'
import { clearScreenDown, createInterface, cursorTo, type Interface, type Key, moveCursor } from 'node:readline'
import type { Readable } from 'node:stream'
import { SottoError } from '#lib/errors.ts'
import { keepRaw, type RawInput, suspend } from '#lib/runtime/job-control.ts'
import { isInterrupt } from './keys.ts'

export interface PromptOptions {
  readonly input: Readable & RawInput
  readonly output: NodeJS.WritableStream
  readonly prompt: string
}

export class Prompt {
  readonly #input: PromptOptions['input']
  readonly #output: NodeJS.WritableStream
  readonly #raw: Disposable
  readonly #interface: Interface
  /** What is typed from now on, whenever somebody asks for it. */
  readonly #typed: NodeJS.AsyncIterator<unknown[]>
  readonly #interrupt = new AbortController()
  /** Whether nothing is typed any more: after Ctrl-D lines may still be dealt with, and things be shown. */
  #isOver = false

  constructor({ input, output, prompt }: PromptOptions) {
    this.#input = input
    this.#output = output
    this.#interface = createInterface({ input, output, prompt, terminal: true })
    this.#typed = on(this.#interface, 'line', { close: ['close'] })
    input.on('keypress', this.#onKey)
    // What readline itself makes of Ctrl-C is to close.
    this.#interface.on('SIGINT', () => undefined)
    this.#interface.on('SIGTSTP', () => suspend(input))
    this.#interface.once('close', () => {
      this.#clear()
      this.#isOver = true
    })
    this.#raw = keepRaw(input, () => this.#redraw())
  }

  /** The signal of Ctrl-C, aborted with `ERR_INTERRUPTED`. */
  get interrupted(): AbortSignal {
    return this.#interrupt.signal
  }

  /** The lines that are typed, until Ctrl-D or {@link close}. */
  async *lines(): AsyncGenerator<string, void, void> {
    this.#draw()
    for await (const [line] of this.#typed) {
      yield String(line)
      // Whoever waited for this may have typed on: the cursor stays where it is.
      this.#draw()
    }
  }

  /** Write something above the line, which is taken away before and drawn again after, the cursor where it was. */
  printAbove<T>(write: () => T): T {
    this.#clear()
    const result = write()
    this.#redraw()
    return result
  }

  /** Give the terminal back, with the cursor where the line was. */
  close(): void {
    this.#raw[Symbol.dispose]()
    this.#input.off('keypress', this.#onKey)
    this.#interface.close()
  }

  // In raw mode Ctrl-C is a key like others, and no signal comes of it.
  readonly #onKey = (_text: string | undefined, key: Key): void => {
    if (isInterrupt(key)) this.#interrupt.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
  }

  #redraw(): void {
    // readline would go up by the rows of the line that is no longer there, over what was written since.
    Object.assign(this.#interface, { prevRows: 0 })
    this.#draw()
  }

  #draw(): void {
    if (!this.#isOver) this.#interface.prompt(true)
  }

  #clear(): void {
    if (this.#isOver) return
    const { rows } = this.#interface.getCursorPos()
    moveCursor(this.#output, 0, -rows)
    cursorTo(this.#output, 0)
    clearScreenDown(this.#output)
  }
}

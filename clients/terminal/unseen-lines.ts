/**
 * Lines that a person types on a terminal and nobody sees. They are read here and not by node:readline, which ignores
 * Backspace if the terminal is called dumb: the password would be another than was meant.
 *
 * @module
 */
import { emitKeypressEvents, type Key } from 'node:readline'
import { keepRaw, type RawInput, suspend } from '#lib/runtime/job-control.ts'
import { isInterrupt } from './keys.ts'

export interface UnseenLinesOptions {
  readonly input: NodeJS.ReadableStream & RawInput
  /** Ctrl-C, which sends no signal in raw mode. */
  readonly onInterrupt: () => void
  /** The program goes on after it was stopped: the terminal shows what other programs wrote. */
  readonly onResumed: () => void
  /** The signal to read no longer. */
  readonly signal?: AbortSignal | undefined
}

const LAST_CHARACTER = /\P{M}?\p{M}*$/u
const LAST_WORD = /\S*\s*$/u

export class UnseenLines {
  readonly #options: UnseenLinesOptions
  readonly #raw: Disposable
  readonly #lines: string[] = []
  #typed = ''
  #isOver = false
  /** Resolves when there is a line, or none will be. */
  #change = Promise.withResolvers<void>()

  constructor(options: UnseenLinesOptions) {
    const { input, onResumed, signal } = options
    this.#options = options
    emitKeypressEvents(input)
    input.on('keypress', this.#onKey)
    input.on('end', this.#onEnd)
    // A terminal that was closed under the program ends in an error.
    input.on('error', this.#onEnd)
    input.setRawMode?.(true)
    this.#raw = keepRaw(input, onResumed)
    signal?.addEventListener('abort', this.#onEnd)
    input.resume()
  }

  /** The next line; undefined after the last. */
  async next(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#isOver) await this.#change.promise
    return this.#lines.shift()
  }

  /** Give the terminal back. */
  close(): void {
    if (this.#isOver) return
    const { input, signal } = this.#options
    this.#isOver = true
    this.#raw[Symbol.dispose]()
    signal?.removeEventListener('abort', this.#onEnd)
    input.off('keypress', this.#onKey)
    input.off('end', this.#onEnd)
    input.setRawMode?.(false)
    input.pause()
    this.#change.resolve()
  }

  readonly #onEnd = (): void => this.close()

  readonly #onKey = (text: string | undefined, key: Key): void => {
    if (isInterrupt(key)) this.#options.onInterrupt()
    else if (key.name === 'return' || key.name === 'enter') this.#finish()
    else if (key.name === 'backspace' || (key.ctrl && key.name === 'h')) this.#erase(LAST_CHARACTER)
    else if (!key.ctrl) this.#typed += key.meta ? '' : (text ?? '')
    else if (key.name === 'u') this.#typed = ''
    else if (key.name === 'w') this.#erase(LAST_WORD)
    else if (key.name === 'z') suspend(this.#options.input)
    else if (key.name === 'd' && this.#typed === '') this.close()
  }

  #erase(ending: RegExp): void {
    this.#typed = this.#typed.replace(ending, '')
  }

  #finish(): void {
    this.#lines.push(this.#typed)
    this.#typed = ''
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }
}

/**
 * One terminal for two people: each has a screen that believes itself alone there, and a key shows the other one's.
 *
 * What a screen draws while it is not shown is dropped. When it is shown again it is told that the terminal has changed
 * its size, upon which it draws everything anew.
 *
 * @module
 */
import { PassThrough, Writable } from 'node:stream'
import type { KeyInput } from '../clients/chat/screen/line-editor.ts'
import type { ScreenOutput } from '../clients/chat/screen/screen.ts'

/** Ctrl-O, as it comes from a terminal in raw mode; no key of the line editor. */
const OTHER_SIDE = 0x0f

/** A screen's end of the terminal. */
export interface Desk {
  readonly input: KeyInput
  readonly output: ScreenOutput
}

export class SharedTerminal {
  readonly #input: KeyInput
  readonly #output: ScreenOutput
  readonly #desks: Array<{ readonly input: PassThrough; readonly output: ScreenOutput }> = []
  #shown = 0

  constructor(input: KeyInput, output: ScreenOutput) {
    this.#input = input
    this.#output = output
    input.on('data', this.#onData)
    output.on('resize', this.#onResize)
    // A terminal that was closed under the program ends in errors, and those may come later than close().
    input.on('end', this.#onSourceChanged)
    input.on('error', this.#onSourceChanged)
    output.on('error', this.#onSourceChanged)
  }

  /** A desk for one more screen. The first is shown at first. */
  desk(): Desk {
    const number = this.#desks.length
    const terminal = this.#output
    const output = new Writable({
      write: (chunk, _encoding, done) => {
        if (number === this.#shown) terminal.write(chunk, done)
        else done()
      },
    })
    const size = {
      columns: { get: () => terminal.columns },
      rows: { get: () => terminal.rows },
      isTTY: { value: true },
      hasColors: { value: () => terminal.hasColors?.() ?? false },
    }
    const setRawMode = (isRaw: boolean) => void this.#input.setRawMode?.(isRaw)
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode })
    const desk = { input, output: Object.defineProperties(output, size) as ScreenOutput }
    this.#desks.push(desk)
    return desk
  }

  /** Give the terminal back. */
  close(): void {
    this.#input.off('data', this.#onData)
    this.#output.off('resize', this.#onResize)
    this.#input.pause()
  }

  readonly #onResize = (): void => {
    this.#desks[this.#shown]?.output.emit('resize')
  }

  readonly #onSourceChanged = (): void => {
    for (const { input } of this.#desks) input.end()
  }

  readonly #onData = (bytes: Buffer): void => {
    for (let rest = bytes; rest.length > 0; ) {
      const end = rest.indexOf(OTHER_SIDE)
      const typed = end === -1 ? rest : rest.subarray(0, end)
      if (typed.length > 0) this.#desks[this.#shown]?.input.write(typed)
      if (end === -1) return
      this.#shown = (this.#shown + 1) % this.#desks.length
      this.#onResize()
      rest = rest.subarray(end + 1)
    }
  }
}

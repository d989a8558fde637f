/**
 * One line at the bottom of a terminal that is written over and over, while other things are written above it.
 *
 * @module
 */

import { truncated } from './cluster.ts'
import type { OutputStream } from './output-stream.ts'

/** The width to assume where the terminal does not tell its own. */
const USUAL_COLUMNS = 80

const ERASE_ROW = '\r\u001b[K'

export class StatusLine {
  readonly #output: OutputStream & { readonly columns?: number | undefined }
  #text = ''

  /** @param output - A terminal. */
  constructor(output: OutputStream) {
    this.#output = output
  }

  /** Show a text in place of the one before; an empty one takes the line away. It may be shown on a terminal. */
  set(text: string): void {
    const columns = this.#output.columns || USUAL_COLUMNS
    // A row that touches the edge may be two rows to some terminals.
    const row = truncated(text, columns - 1)
    if (row === this.#text) return
    this.#output.write(`${ERASE_ROW}${row}`)
    this.#text = row
  }

  /** Write something above the line. */
  printAbove<T>(write: () => T): T {
    if (this.#text === '') return write()
    this.#output.write(ERASE_ROW)
    try {
      return write()
    } finally {
      this.#output.write(this.#text)
    }
  }
}

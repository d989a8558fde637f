/**
 * The progress of a run: one line on a terminal that is written over, and otherwise a line for each bench.
 *
 * @module
 */
import { clearLine, cursorTo } from 'node:readline'

export class Progress {
  readonly #output: NodeJS.WriteStream
  #bench = ''
  #doing = ''
  #beganMs = 0

  constructor(output: NodeJS.WriteStream) {
    this.#output = output
  }

  begin(bench: string): void {
    this.#bench = bench
    this.#beganMs = performance.now()
    if (this.#output.isTTY) this.#show('starting')
    else this.#output.write(`${bench} …\n`)
  }

  measuring(what: string, round: number, rounds: number): void {
    this.#show(`round ${round} of ${rounds}: ${what}`)
  }

  /** Show a detail of what is being done. */
  note(what: string): void {
    this.#show(what)
  }

  end(): void {
    if (this.#output.isTTY) this.#clear()
    this.#output.write(`${this.#bench}: ${((performance.now() - this.#beganMs) / 1_000).toFixed(0)} s\n`)
  }

  #show(doing: string): void {
    this.#doing = doing
    if (!this.#output.isTTY) return
    this.#clear()
    const line = `${this.#bench} ${this.#doing}`
    this.#output.write(line.slice(0, (this.#output.columns || 80) - 1))
  }

  #clear(): void {
    clearLine(this.#output, 0)
    cursorTo(this.#output, 0)
  }
}

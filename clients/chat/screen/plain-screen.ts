/**
 * A chat where there is no terminal: lines come in, lines go out, no prompt, nothing drawn twice.
 *
 * @module
 */
import { EventEmitter } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { arrivalNote, type Calendar } from '../../terminal/calendar.ts'
import { columnsOf } from '../../terminal/cluster.ts'
import { escapeForTerminal } from '../../terminal/escape.ts'
import { behindGutter } from '../../terminal/gutter.ts'
import type { OutputStream } from '../../terminal/output-stream.ts'
import { parseLine } from '../command.ts'
import type { Entry } from './entry.ts'
import type { Screen, ScreenEvents } from './screen.ts'

export interface PlainScreenOptions {
  readonly input: Readable
  readonly output: Writable & Pick<OutputStream, 'isTTY' | 'columns'>
  readonly calendar: Calendar
  readonly now: () => Date
}

/** The indent of what does not fit on a terminal that obeys nothing: its rows must not look like lines of others. */
const INDENT = 2

/** Every entry is one line, whatever its text; states and status are not shown. */
export class PlainScreen extends EventEmitter<ScreenEvents> implements Screen {
  readonly hasPrompt = false
  readonly #options: PlainScreenOptions
  readonly #lines: Interface
  #hasLeft = false

  constructor(options: PlainScreenOptions) {
    super()
    this.#options = options
    this.#lines = createInterface({ input: options.input, crlfDelay: Number.POSITIVE_INFINITY })
    this.#lines.on('line', (line) => this.#read(line))
    this.#lines.on('close', () => this.#leave())
    this.#lines.on('error', () => this.#leave())
    // Whoever read the lines has gone.
    options.output.on('error', () => this.#leave())
  }

  add(entry: Entry): void {
    const { output, calendar } = this.#options
    const { head, body } = plainLine(entry, calendar)
    output.write(`${head}${behindGutter([body], { head: columnsOf(head), indent: INDENT, output })}\n`)
  }

  change(): boolean {
    return false
  }

  setStatus(): void {}

  restoreInput(): boolean {
    return false
  }

  /** Nobody edits a line here. */
  readonly draft = undefined

  restoreDraft(): void {}

  newPage(): void {}

  close(): void {
    this.#hasLeft = true
    this.#lines.close()
  }

  #leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.emit('leave')
  }

  #read(line: string): void {
    const submission = parseLine(line)
    if (submission === undefined) return
    if (submission.kind !== 'mistake') this.emit('submit', submission)
    else this.add({ id: '', kind: 'notice', who: '', own: true, time: this.#options.now(), text: submission.what })
  }
}

/** An entry as one line, such as `2026-11-22 14:02 bob: hello`: what stands before its text, and that. */
function plainLine({ kind, who, time, arrivedAt = time, text, draw }: Entry, calendar: Calendar) {
  const from = `${who}${arrivalNote(calendar, time, arrivedAt)}`
  const names = { message: `${from}: `, file: `${from}, file: `, qr: '* to scan: ' }
  const name = kind === 'message' || kind === 'file' || kind === 'qr' ? names[kind] : '* '
  const body = draw === undefined ? text : draw(Number.POSITIVE_INFINITY).trimEnd()
  return { head: `${calendar.stampOf(time)} ${escapeForTerminal(name)}`, body: escapeForTerminal(body) }
}

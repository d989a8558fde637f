/**
 * A chat on a terminal: what happens is collected, and drawn at once when the program has nothing else to do.
 *
 * @module
 */
import { EventEmitter } from 'node:events'
import type { Calendar } from '../../terminal/calendar.ts'
import { lineOf, type Message, parseLine, parsePasted, type Submission } from '../command.ts'
import { complete } from './completion.ts'
import type { Entry, EntryChange, Status } from './entry.ts'
import { type KeyInput, type Line, LineEditor } from './line-editor.ts'
import { type Foot, Painter, type Size } from './painter.ts'
import type { View } from './render-entry.ts'
import { renderInput } from './render-input.ts'
import { renderStatus } from './render-status.ts'
import type { Screen, ScreenEvents, ScreenOutput } from './screen.ts'
import { Transcript } from './transcript.ts'

export interface TerminalScreenOptions {
  readonly input: KeyInput
  readonly output: ScreenOutput
  readonly calendar: Calendar
  readonly now: () => Date
  readonly colour: boolean
}

/** A terminal that does not say how large it is, or says nonsense, is taken for one of these. */
const USUAL_SIZE: Size = { columns: 80, rows: 24 }

/** The least columns that rows are made for: a narrower terminal cuts their ends. */
const MIN_COLUMNS = 20

/** The status, and a line that one types, as long as it fits a row. */
const USUAL_FOOT_ROWS = 2

/** Pasted text comes between marks, so that its line ends are not taken for Return. */
const PASTE_MARKS_ON = '\u001b[?2004h'
const PASTE_MARKS_OFF = '\u001b[?2004l'

/** The extent of a drawing: a page at the top, everything anew, or what is there. Each includes the next. */
type Drawing = 'page' | 'repaint' | 'update'

const BELL = '\u0007'

export class TerminalScreen extends EventEmitter<ScreenEvents> implements Screen {
  readonly hasPrompt = true
  readonly #options: TerminalScreenOptions
  readonly #editor: LineEditor
  readonly #transcript = new Transcript()
  readonly #painter: Painter
  #status: Status = { to: undefined, contacts: [] }
  #next: Drawing = 'page'
  #rings = false
  #isScheduled = false
  #hasLeft = false
  #lastLine = ''
  #isClosed = false
  #notices = 0

  constructor(options: TerminalScreenOptions) {
    super()
    this.#options = options
    this.#painter = new Painter(this.#size())
    this.#editor = new LineEditor(options.input, (line) => complete(line, this.#names()))
    this.#editor.on('change', () => this.#onChange())
    this.#editor.on('line', (line) => this.#submit(line))
    this.#editor.on('interrupt', () => this.#leave())
    this.#editor.on('end', () => this.#leave())
    this.#editor.on('next', () => this.#goOn())
    this.#editor.on('redraw', () => this.#draw('repaint'))
    this.#editor.on('resume', () => this.#draw('page'))
    options.output.on('resize', this.#onResize)
    // A terminal that has gone away can no longer be written to.
    options.output.on('error', () => this.#leave())
    this.#draw('page')
  }

  add(entry: Entry, { bell = false }: { readonly bell?: boolean } = {}): void {
    this.#transcript.add(entry, this.#view())
    this.#rings ||= bell
    this.#draw('update')
  }

  change(id: string, change: EntryChange): boolean {
    if (!this.#transcript.change(id, change)) return false
    this.#draw('update')
    return this.#transcript.isInReach(id, this.#painter.reach)
  }

  setStatus(status: Status): void {
    this.#status = status
    this.#draw('update')
  }

  restoreInput(message: Message): boolean {
    const typed = { text: lineOf(message), isPasted: false }
    const { text, to } = message
    // What was pasted may have spaces around it that a typed line has not.
    const isPasted = to === undefined && text.trim() !== text
    return this.#editor.restoreInput(isPasted ? { text, isPasted } : typed)
  }

  get draft(): Line | undefined {
    const { written } = this.#editor
    return written.text.trim() === '' ? undefined : written
  }

  restoreDraft(draft: Line): void {
    this.#editor.restoreInput(draft)
  }

  newPage(): void {
    this.#flush()
    this.#transcript.clear()
    this.#options.output.write(this.#painter.leave())
    this.#draw('page')
  }

  close(): void {
    if (this.#isClosed) return
    this.#flush()
    this.#isClosed = true
    this.#options.output.off('resize', this.#onResize)
    this.#options.output.write(this.#painter.leave() + PASTE_MARKS_OFF)
    this.#editor.close()
  }

  readonly #onResize = (): void => this.#draw('repaint')

  #onChange(): void {
    const { line } = this.#editor
    if (line !== this.#lastLine) {
      this.#lastLine = line
      this.emit('typing', parse(this.#editor.written))
    }
    this.#draw('update')
  }

  #submit(line: Line): void {
    const submission = parse(line)
    if (submission === undefined) return
    if (submission.kind !== 'mistake') {
      this.emit('submit', submission)
      return
    }
    this.#notice(submission.what)
    // It may be long, and wants no more than another beginning.
    if (line.isPasted) this.#editor.restoreInput(line)
  }

  #goOn(): void {
    if (this.#editor.line === '') this.emit('submit', { kind: 'command', name: 'next', argument: undefined })
    else this.#notice('what stands on the line would go to somebody else; say it first, or Ctrl-C takes it away')
  }

  #notice(text: string): void {
    this.#notices += 1
    const id = `screen ${this.#notices}`
    this.add({ id, kind: 'notice', who: '', own: true, time: this.#options.now(), text })
  }

  #leave(): void {
    if (this.#isClosed || this.#hasLeft) return
    this.#hasLeft = true
    this.emit('leave')
  }

  #names(): string[] {
    const { contacts, others = [] } = this.#status
    return [...new Set([...contacts.map(({ name }) => name), ...others])].sort()
  }

  #size(): Size {
    const { columns, rows } = this.#options.output
    return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows }
  }

  #view(): View {
    const { colour, calendar } = this.#options
    const { columns, rows } = this.#size()
    return { columns: Math.max(MIN_COLUMNS, columns) - 1, rows: Math.max(1, rows - USUAL_FOOT_ROWS), colour, calendar }
  }

  #foot(view: View): Foot {
    const { rows: height } = this.#size()
    const { line, cursor } = this.#editor
    const prompt = this.#status.to === undefined ? '> ' : `${this.#status.to}> `
    // On the lowest of terminals the page has a row, and the input: then the status must go.
    const status = height > 2 ? [renderStatus(this.#status, view)] : []
    const input = renderInput({ prompt, line, cursor }, view.columns, Math.max(1, height - status.length - 1))
    return { ...input, rows: [...status, ...input.rows], cursorRow: status.length + input.cursorRow }
  }

  /** Draw soon: what else happens in this turn of the event loop is drawn with it. */
  #draw(drawing: Drawing): void {
    if (drawing === 'page' || this.#next === 'update') this.#next = drawing
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#isScheduled = false
    if (this.#isClosed) return
    const { output } = this.#options
    if (output.writableNeedDrain) {
      // A terminal that reads slowly gets the sum of what happened meanwhile.
      this.#isScheduled = true
      output.once('drain', () => this.#flush())
      return
    }
    output.write(this.#drawn())
  }

  /** The text that brings the terminal up to date. */
  #drawn(): string {
    const view = this.#view()
    const foot = this.#foot(view)
    const bell = this.#rings ? BELL : ''
    const anew = this.#anew(view, foot)
    const { replaced, rows } = this.#transcript.redraw(this.#painter.reach, view)
    this.#rings = false
    this.#next = 'update'
    return bell + anew + this.#painter.paint(replaced, rows, foot)
  }

  #anew(view: View, foot: Foot): string {
    if (this.#next === 'update') return ''
    const size = this.#size()
    const rows = this.#transcript.tail(size.rows - foot.rows.length, view)
    if (this.#next === 'repaint') return this.#painter.repaint(size, rows, foot)
    // Shells take the marks away from the programs that they start or wake.
    return PASTE_MARKS_ON + this.#painter.newPage(size, rows, foot)
  }
}

function parse({ text, isPasted }: Line): Submission | undefined {
  return isPasted ? parsePasted(text) : parseLine(text)
}

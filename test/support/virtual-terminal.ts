/**
 * A terminal that knows the control sequences which the chat's screen uses, and no other: any other is an error. So
 * nothing that a test reads here can be the work of a sequence in a message.
 *
 * @module
 */
import { PassThrough, Writable } from 'node:stream'

/** The columns that a terminal gives a code point; 0 for one that is drawn over the one before. */
export type WidthOf = (character: string) => number

/** The widths of a terminal that shows every emoji of a sequence on its own, and no selector. */
export const separating: WidthOf = (character) => {
  if (/[\p{M}\p{Default_Ignorable_Code_Point}]/v.test(character)) return 0
  return /[\p{Emoji_Presentation}\p{Script=Han}]/v.test(character) ? 2 : 1
}

/** The widths of a terminal that gives skin colours, and what is joined to an emoji, no columns of their own. */
export const joining: WidthOf = (character) =>
  ['👩', '👧', '👦', '🏽'].includes(character) ? 0 : separating(character)

/** A control sequence: its mark, its number and its letter. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal is made of them.
const SEQUENCE = /^\u001b\[(\??)([\d;]*)([A-Za-z])/

interface Cell {
  readonly text: string
}

const BLANK: Cell = { text: ' ' }

export class VirtualTerminal extends Writable {
  readonly isTTY = true
  columns: number
  rows: number
  /** The rows that have scrolled out at the top. */
  readonly scrolledOut: string[] = []
  /** How often something was written, how often the bell rang, and how many columns were lost at the right edge. */
  writes = 0
  bells = 0
  lostColumns = 0
  readonly #widthOf: WidthOf
  readonly #modes = new Map([
    ['7', true],
    ['25', true],
    ['2004', false],
  ])
  #cells: Cell[][]
  #row = 0
  #column = 0

  constructor(columns: number, rows: number, widthOf: WidthOf = separating) {
    super({ decodeStrings: false })
    this.columns = columns
    this.rows = rows
    this.#widthOf = widthOf
    this.#cells = Array.from({ length: rows }, () => [])
  }

  hasColors(): boolean {
    return false
  }

  /** The rows from the top, without blanks at their ends and below. */
  get screen(): string[] {
    const rows = this.#cells.map(textOf)
    return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1)
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column }
  }

  /** The character at the cursor. */
  get underCursor(): string {
    return this.#cells[this.#row]?.[this.#column]?.text ?? ''
  }

  /** Whether a mode is on: 7 wraps lines, 25 shows the cursor, 2004 marks pasted text. */
  isOn(mode: '7' | '25' | '2004'): boolean {
    return this.#modes.get(mode) ?? false
  }

  /** Change the size, as a user does: what does not fit is cut off, at the right and at the top. */
  resize(columns: number, rows: number): void {
    const gone = Math.max(0, this.#row - rows + 1)
    this.#row -= gone
    this.#column = Math.min(this.#column, columns - 1)
    this.#cells = Array.from({ length: rows }, (_, row) => (this.#cells[row + gone] ?? []).slice(0, columns))
    this.columns = columns
    this.rows = rows
    this.emit('resize')
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.writes += 1
    for (let rest = text; rest !== ''; ) rest = rest.slice(this.#take(rest))
    done()
  }

  /** Carry out the sequence or character that a text begins with. Returns its length. */
  #take(text: string): number {
    const [sequence, mark, number = '', letter = ''] = SEQUENCE.exec(text) ?? []
    if (sequence !== undefined) {
      this.#control(`${mark}${letter}`, number)
      return sequence.length
    }
    const character = String.fromCodePoint(text.codePointAt(0) ?? 0)
    if (character === '\r') this.#column = 0
    else if (character === '\n') this.#nextRow()
    else if (character === '\u0007') this.bells += 1
    else if (/\p{Cc}/u.test(character)) throw new Error(`an unknown control character in ${JSON.stringify(text)}`)
    else this.#put(character)
    return character.length
  }

  #control(what: string, number: string): void {
    if (what === 'A') this.#row = Math.max(0, this.#row - Number(number || 1))
    else if (what === 'H' && number === '') [this.#row, this.#column] = [0, 0]
    else if (what === 'K' && number === '') this.#erase(this.#row, this.#column)
    else if (what === 'J' && number === '') this.#eraseBelow()
    else if (what === 'm') return
    else if (what === '?h' && this.#modes.has(number)) this.#modes.set(number, true)
    else if (what === '?l' && this.#modes.has(number)) this.#modes.set(number, false)
    else throw new Error(`an unknown sequence: ${what} ${number}`)
  }

  #eraseBelow(): void {
    this.#erase(this.#row, this.#column)
    for (let row = this.#row + 1; row < this.rows; row += 1) this.#erase(row, 0)
  }

  #erase(row: number, from: number): void {
    this.#cells[row] = (this.#cells[row] ?? []).slice(0, from)
  }

  #nextRow(): void {
    if (this.#row < this.rows - 1) {
      this.#row += 1
      return
    }
    this.scrolledOut.push(textOf(this.#cells.shift() ?? []))
    this.#cells.push([])
  }

  #put(character: string): void {
    const width = this.#widthOf(character)
    const cells = this.#cells[this.#row] ?? []
    while (cells.length < this.#column) cells.push(BLANK)
    if (width === 0) {
      const last = cells[this.#column - 1]
      if (last !== undefined) cells[this.#column - 1] = { text: last.text + character }
      return
    }
    if (this.#column + width > this.columns) {
      if (this.isOn('7')) throw new Error('a row is wider than the terminal, which wraps it')
      this.lostColumns += width
      return
    }
    cells[this.#column] = { text: character }
    // The second half of a wide character has nothing of its own.
    if (width === 2) cells[this.#column + 1] = { text: '' }
    this.#column += width
  }
}

/** A keyboard: what is written to it arrives as from a terminal in raw mode. */
export class VirtualKeyboard extends PassThrough {
  readonly isTTY = true
  isRaw = false

  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw
  }
}

function textOf(cells: readonly Cell[]): string {
  return Array.from(cells, (cell) => cell?.text ?? ' ')
    .join('')
    .trimEnd()
}

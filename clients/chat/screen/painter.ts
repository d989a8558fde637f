/**
 * Brings rows onto a terminal: what must be written so that the page shows them, as one text, to be written at once.
 *
 * The page is what the screen shows since it was last begun anew, at the terminal's top left: rows that stay (and scroll
 * up and out), and below them the foot, which is redrawn in place: status and input. The painter knows each row that is
 * on the terminal, writes those that differ, over what is there, and erases only what is left over. So nothing flickers.
 *
 * It never counts on the width of a character. While it writes, lines do not wrap: a row that is wider than was thought
 * loses its end, and no row is ever two. And the cursor goes to its place in the input behind the text that precedes it.
 *
 * @module
 */

/** The rows below the page. */
export interface Foot {
  readonly rows: readonly string[]
  /** The index of the row that has the cursor. */
  readonly cursorRow: number
  /** The text to write in that row, from its first column on, for the cursor to be in its place. */
  readonly beforeCursor: string
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

const CSI = '\u001b['
const HIDE_CURSOR = `${CSI}?25l`
const SHOW_CURSOR = `${CSI}?25h`
const WRAP_OFF = `${CSI}?7l`
const WRAP_ON = `${CSI}?7h`
const HOME = `${CSI}H`
const ERASE_TO_END_OF_ROW = `${CSI}K`
const ERASE_BELOW = `${CSI}J`
const NEXT_ROW = '\r\n'

const NO_FOOT: Foot = { rows: [], cursorRow: 0, beforeCursor: '' }

export class Painter {
  #size: Size
  /** The rows of the page that are on the terminal now, the last of them right above the foot. */
  #shown: string[] = []
  #foot: Foot = NO_FOOT

  constructor(size: Size) {
    this.#size = size
  }

  /** How many of the page's last rows are on the terminal: the most that can be replaced. */
  get reach(): number {
    return this.#shown.length
  }

  /**
   * Put rows in the place of the page's last ones, and a foot in the place of the foot.
   *
   * @param replaced - How many of the last rows go; 0 to add. At most {@link reach}.
   * @param foot - Has at least one row, and fewer than the terminal.
   */
  paint(replaced: number, rows: readonly string[], foot: Foot): string {
    const kept = this.#shown.length - replaced
    const before = [...this.#shown.slice(kept), ...this.#foot.rows]
    const after = [...rows, ...foot.rows]
    const up = replaced + this.#foot.cursorRow
    this.#shown = [...this.#shown.slice(0, kept), ...rows]
    return this.#framed(`${upBy(up)}\r${rewrite(before, after)}`, foot)
  }

  /**
   * Write the whole page over whatever the terminal shows, as after a change of its size, when it has moved the rows in
   * a way of its own.
   *
   * @param rows - The page's last rows, no more than the terminal has room for above the foot.
   */
  repaint(size: Size, rows: readonly string[], foot: Foot): string {
    this.#size = size
    this.#shown = [...rows]
    // Rows unknown, as many as there are: each is written over, and what is left of the terminal erased.
    const unknown = Array.from({ length: size.rows }, () => undefined)
    return this.#framed(HOME + rewrite(unknown, [...rows, ...foot.rows]), foot)
  }

  /** Begin the page anew at the top. What the terminal shows scrolls into its own memory. */
  newPage(size: Size, rows: readonly string[], foot: Foot): string {
    return '\n'.repeat(size.rows) + this.repaint(size, rows, foot)
  }

  /** Take the foot away and leave the cursor where it began, for whatever comes after. */
  leave(): string {
    const { cursorRow } = this.#foot
    this.#foot = NO_FOOT
    return `${upBy(cursorRow)}\r${ERASE_BELOW}`
  }

  /** Add what brings the cursor to its place, and remember what is on the terminal. The cursor is in the last row. */
  #framed(drawn: string, foot: Foot): string {
    this.#foot = foot
    const room = Math.max(0, this.#size.rows - foot.rows.length)
    this.#shown = this.#shown.slice(Math.max(0, this.#shown.length - room))
    const toCursor = `${upBy(foot.rows.length - 1 - foot.cursorRow)}\r${foot.beforeCursor}`
    return `${HIDE_CURSOR}${WRAP_OFF}${drawn}${toCursor}${WRAP_ON}${SHOW_CURSOR}`
  }
}

/** Rows over rows, from the first column of the first on; ends in the last of the new ones. */
function rewrite(before: readonly (string | undefined)[], after: readonly string[]): string {
  const written = after.map((row, index) => (row === before[index] ? '' : row + ERASE_TO_END_OF_ROW)).join(NEXT_ROW)
  return after.length < before.length ? `${written}${NEXT_ROW}${ERASE_BELOW}${upBy(1)}` : written
}

function upBy(rows: number): string {
  return rows > 0 ? `${CSI}${rows}A` : ''
}

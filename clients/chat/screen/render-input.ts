/**
 * The line one edits, as rows, and where the cursor stands in them.
 *
 * @module
 */

import { type Cluster, clusterAround, clustersOf, columnsOf } from '../../terminal/cluster.ts'
import { escapeForTerminal } from '../../terminal/escape.ts'

export interface Input {
  /** Stands before the line; the screen's own text, without looks. */
  readonly prompt: string
  readonly line: string
  /** The position of the next character, in UTF-16 units of the line. */
  readonly cursor: number
}

export interface InputRows {
  readonly rows: readonly string[]
  /** The index of the row that has the cursor. */
  readonly cursorRow: number
  /** The text before the cursor in that row: after writing it, the cursor is where it belongs. */
  readonly beforeCursor: string
}

/** UTF-16 units of a line on either side of the cursor that are looked at: more rows than any terminal shows. */
const WINDOW_UNITS = 16_384

/**
 * Lay out the line.
 *
 * @param columns - Columns that a row may use.
 * @param maxRows - The most rows, at least 1; of a longer line those around the cursor.
 */
export function renderInput({ prompt, line, cursor }: Input, columns: number, maxRows: number): InputRows {
  // Between two keys of an emoji that comes in parts the cursor is inside a cluster: it shows before it.
  const { start: at } = cursor < line.length ? clusterAround(line, cursor) : { start: cursor }
  const before = [...clustersIn(prompt), ...clustersIn(line.slice(Math.max(0, at - WINDOW_UNITS), at))]
  const after = clustersIn(line.slice(at, at + WINDOW_UNITS))

  const rows: string[] = ['']
  let used = 0
  const put = ({ text, columns: width }: Cluster): void => {
    if (used + width > columns && used > 0) {
      rows.push('')
      used = 0
    }
    rows[rows.length - 1] += text
    used += width
  }
  before.forEach(put)
  const cursorRow = rows.length - 1
  const beforeCursor = rows[cursorRow] ?? ''
  after.forEach(put)

  const first = Math.min(Math.max(0, cursorRow - maxRows + 1), Math.max(0, rows.length - maxRows))
  return { rows: rows.slice(first, first + maxRows), cursorRow: cursorRow - first, beforeCursor }
}

/** The marks that a line end and a tab show as. */
const MARKS: Readonly<Record<string, string>> = { '\n': '␤', '\t': '␉' }

/** A part of the line as clusters that show control characters as escapes, each closed in itself. */
function clustersIn(text: string): Cluster[] {
  return Array.from(clustersOf(text), ({ text: shown, columns }) => {
    const escaped = MARKS[shown] ?? escapeForTerminal(shown)
    return escaped === shown ? { text: shown, columns } : { text: escaped, columns: columnsOf(escaped) }
  })
}

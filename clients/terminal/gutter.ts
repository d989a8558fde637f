/**
 * The rows of somebody's text on a terminal, with a gutter before each but the first: what wraps begins at the left edge,
 * where a text that is padded with spaces could pass for another line of ours.
 *
 * @module
 */
import { clustersOf } from './cluster.ts'
import type { OutputStream } from './output-stream.ts'

/** The least columns that a row has for a text, however narrow the terminal is. */
const MIN_COLUMNS = 8

export interface GutterOptions {
  /** How many columns stand before the first row. */
  readonly head: number
  /** How many columns the gutter is indented by. */
  readonly indent: number
  readonly output: Pick<OutputStream, 'isTTY' | 'columns'>
}

/**
 * A text, in lines that are harmless by themselves, behind a gutter. On a terminal no row is longer than its width; nothing
 * else wraps.
 */
export function behindGutter(lines: readonly string[], { head, indent, output }: GutterOptions): string {
  const gutter = `${' '.repeat(indent)}| `
  const columns = (output.isTTY && output.columns) || Number.POSITIVE_INFINITY
  const rest = Math.max(columns - gutter.length, MIN_COLUMNS)
  const rows = lines.flatMap((line, index) => cut(line, { first: index === 0 ? columns - head : rest, rest }))
  return rows.join(`\n${gutter}`)
}

/** A line in rows of so many columns; never one that ends in the last column, where terminals differ. */
function cut(line: string, { first, rest }: { first: number; rest: number }): string[] {
  if (first === Number.POSITIVE_INFINITY) return [line]
  const rows = ['']
  let left = first - 1
  for (const { text, columns } of clustersOf(line)) {
    if (columns > left) {
      rows.push('')
      left = rest - 1
    }
    rows[rows.length - 1] += text
    left -= columns
  }
  return rows
}

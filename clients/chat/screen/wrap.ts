/**
 * Cuts a line into rows, between words where it can.
 *
 * @module
 */
import { type Cluster, clustersOf } from '../../terminal/cluster.ts'

export interface Wrapping {
  /** Columns that the first row has for the line; 0 or less to begin on the second. */
  readonly first: number
  /** Columns that every other row has: at least 2, so that any cluster has room. */
  readonly rest: number
  /** The most rows to make; what is left is left out. */
  readonly maxRows: number
}

/**
 * The rows of a line.
 *
 * @param line - Text without control characters.
 * @returns At least one row; those of an empty line are empty.
 */
export function wrapped(line: string, { first, rest, maxRows }: Wrapping): string[] {
  const rows: string[] = []
  let row: Cluster[] = []
  let used = 0
  /** How many clusters of the row stay, if the next does not fit: those up to the last place for a break. */
  let breakable = 0

  const finish = (kept: number): void => {
    rows.push(textOf(row.slice(0, kept)).trimEnd())
    row = row.slice(kept)
    used = row.reduce((sum, { columns }) => sum + columns, 0)
    breakable = 0
  }

  for (const cluster of clustersOf(line)) {
    const space = (): number => (rows.length === 0 ? first : rest) - used
    // A space at a row's end needs no room: it is what the break stands for.
    const isSpace = cluster.text === ' '
    if (!isSpace) {
      while (cluster.columns > space() && (row.length > 0 || rows.length === 0)) finish(breakable || row.length)
    } else if (space() < 1) {
      finish(row.length)
      if (rows.length === maxRows) return rows
      continue
    }
    if (rows.length >= maxRows) return rows.slice(0, maxRows)
    row.push(cluster)
    used += cluster.columns
    // Scripts of wide characters have no spaces: a break is good after any of them.
    if (isSpace || cluster.columns >= 2) breakable = row.length
  }
  rows.push(textOf(row).trimEnd())
  return rows.slice(0, maxRows)
}

function textOf(clusters: readonly Cluster[]): string {
  return clusters.map(({ text }) => text).join('')
}

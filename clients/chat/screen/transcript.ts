/**
 * The entries of a page, and which of their rows have been drawn.
 *
 * @module
 */
import type { Entry, EntryChange } from './entry.ts'
import { MAX_SHOWN_UNITS, renderDay, renderEntry, type View } from './render-entry.ts'

/** Entries that can still change, and come back after a resize: more rows than any terminal has. */
export const MAX_ENTRIES = 1_000

interface Block {
  entry: Entry
  /** Whether a new day begins with it. */
  readonly opensDay: boolean
  /** The rows as they were drawn, those out of reach as they were when they still were in reach; none before that. */
  drawn: readonly string[]
  isStale: boolean
}

/** A drawing: rows in the place of the page's last so many. */
export interface Redraw {
  readonly replaced: number
  readonly rows: readonly string[]
}

export class Transcript {
  #blocks: Block[] = []
  #lastDay: string | undefined

  add(entry: Entry, view: View): void {
    const day = view.calendar.dayOf(entry.time)
    this.#blocks.push({ entry: withoutTail(entry), opensDay: day !== this.#lastDay, drawn: [], isStale: true })
    this.#lastDay = day
  }

  /**
   * Change an entry.
   *
   * @returns false if the entry is not, or no longer, of this page.
   */
  change(id: string, change: EntryChange): boolean {
    // What changes is most often new.
    const block = this.#blocks.findLast(({ entry }) => entry.id === id)
    if (block === undefined) return false
    const units = change.text === undefined ? block.entry.units : undefined
    block.entry = withoutTail({ ...block.entry, units, ...change })
    block.isStale = true
    return true
  }

  /**
   * Whether the last entry of this id begins in what can be drawn anew, or has not been drawn yet.
   *
   * @param reach - How many of the page's last rows can be drawn anew.
   */
  isInReach(id: string, reach: number): boolean {
    let height = 0
    for (const { entry, drawn } of this.#blocks.toReversed()) {
      height += drawn.length
      if (entry.id === id) return height <= reach
    }
    return false
  }

  /**
   * The rows to draw since the last time. Rows that have scrolled out of reach stay as they were drawn.
   *
   * @param reach - How many of the page's last rows can be drawn anew.
   */
  redraw(reach: number, view: View): Redraw {
    let start = this.#blocks.length
    let [height, replaced] = [0, 0]
    for (let index = start - 1; index >= 0; index -= 1) {
      const block = this.#blocks[index] as Block
      if (block.drawn.length > 0 && height >= reach) break
      height += block.drawn.length
      if (!block.isStale) continue
      const gone = Math.max(0, height - reach)
      block.drawn = [...block.drawn.slice(0, gone), ...rowsOf(block, view).slice(gone)]
      start = index
      replaced = height
    }
    const gone = Math.max(0, replaced - reach)
    const rows = this.#blocks.slice(start).flatMap(({ drawn }) => drawn)
    for (const block of this.#blocks) block.isStale = false
    this.#blocks.splice(0, this.#blocks.length - MAX_ENTRIES)
    return { replaced: replaced - gone, rows: rows.slice(gone) }
  }

  /** The last rows of what has been drawn, for another view. What has not been drawn yet stays to be. */
  tail(count: number, view: View): readonly string[] {
    const rows: string[] = []
    for (const block of this.#blocks.toReversed()) {
      if (block.drawn.length === 0) continue
      if (rows.length >= count) break
      block.drawn = rowsOf(block, view)
      block.isStale = false
      rows.unshift(...block.drawn)
    }
    return count > 0 ? rows.slice(-count) : []
  }

  /** Forget all entries: the page is a new one. */
  clear(): void {
    this.#blocks = []
    this.#lastDay = undefined
  }
}

function rowsOf({ entry, opensDay }: Block, view: View): string[] {
  const rows = renderEntry(entry, view)
  return opensDay ? [renderDay(entry.time, view), ...rows] : rows
}

/** What an entry is drawn from: of a long text its beginning, for a thousand of them may have a mebibyte each. */
function withoutTail(entry: Entry): Entry {
  const { text, units = text.length, isWhole = false } = entry
  if (isWhole || text.length <= MAX_SHOWN_UNITS) return entry
  // A copy: a part of a string keeps all of it.
  const beginning = Buffer.from(text.slice(0, MAX_SHOWN_UNITS), 'utf16le').toString('utf16le')
  return { ...entry, text: beginning, units }
}

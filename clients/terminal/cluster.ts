/**
 * Clusters: what a person takes for one character, with the columns of a terminal that it may need.
 *
 * Terminals disagree: a family of four joined by U+200D is 2 columns wide in one and 8 in another, a heart with U+FE0F is
 * 1 or 2. So nothing here promises a place on the screen. Columns are an upper bound, by which rows are filled; where
 * the cursor ends up is left to the terminal itself (see painter.ts).
 *
 * @module
 */
import { eastAsianWidth } from 'get-east-asian-width'

/** A grapheme cluster (UAX #29), or what is shown of it. */
export interface Cluster {
  readonly text: string
  /** The most columns that a terminal gives it; 0 for what has no width of its own. */
  readonly columns: number
}

/**
 * The most code points shown of one cluster. The longest that are in use have 11; 30 marks upon one letter are what the
 * Stream-Safe Text Format allows (UAX #15, section 13).
 */
const MAX_CODE_POINTS = 32

let madeSegmenter: Intl.Segmenter | undefined

/** Made when it is needed first, for that takes 10 ms: most of what is shown is ASCII. */
function segment(text: string): Intl.Segments {
  madeSegmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return madeSegmenter.segment(text)
}

/** Printable ASCII needs no segmenter and no table. */
const ASCII = /^[ -~]*$/

/** Marks, variation selectors, joiners and other formatting: drawn upon what stands before, or not at all. */
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}]$/v

const EMOJI = /^\p{Emoji_Presentation}$/v

/** Makes an emoji of a character that is else drawn as text, in most terminals one column wider. */
const EMOJI_SELECTOR = '\ufe0f'

/** A cluster that lacks what its marks should stand upon. In a row it would change what comes before. */
const WITHOUT_BASE = /^[\p{M}\u200c\u200d]/v

/** Unicode's own stand-in for a missing letter under a mark. */
const DOTTED_CIRCLE = '\u25cc'

/**
 * The clusters of a line, with what could flood a row taken away: marks beyond {@link MAX_CODE_POINTS}, and repetitions
 * of what has no width.
 *
 * @param line - Text without control characters, as `escapeForTerminal` gives it.
 */
export function* clustersOf(line: string): Generator<Cluster> {
  if (ASCII.test(line)) {
    for (const text of line) yield { text, columns: 1 }
    return
  }
  let isAfterNothing = false
  for (const { segment: text } of segment(line)) {
    const cluster = clusterOf(text)
    if (cluster.columns > 0 || !isAfterNothing) yield cluster
    isAfterNothing = cluster.columns === 0
  }
}

/** The start and end of the cluster at an index of a text, in UTF-16 units. */
export function clusterAround(text: string, index: number): { readonly start: number; readonly end: number } {
  const found = segment(text).containing(index)
  if (found === undefined) return { start: index, end: index }
  return { start: found.index, end: found.index + found.segment.length }
}

/** The most columns that a terminal gives a line; see {@link clustersOf}. */
export function columnsOf(line: string): number {
  let columns = 0
  for (const cluster of clustersOf(line)) columns += cluster.columns
  return columns
}

/** A line cut to a number of columns, with a sign where something is missing. */
export function truncated(line: string, columns: number): string {
  if (columnsOf(line) <= columns) return line
  let [kept, used] = ['', 0]
  for (const cluster of clustersOf(line)) {
    if (used + cluster.columns > columns - 1) break
    kept += cluster.text
    used += cluster.columns
  }
  return `${kept}…`
}

function clusterOf(segment: string): Cluster {
  const characters = segment.length > MAX_CODE_POINTS ? [...segment].slice(0, MAX_CODE_POINTS) : [...segment]
  const text = characters.join('')
  const columns = characters.reduce((sum, character) => sum + widest(character), 0)
  if (!WITHOUT_BASE.test(text)) return { text, columns }
  return { text: DOTTED_CIRCLE + text, columns: columns + 1 }
}

/** The most columns that a terminal gives one code point within a cluster. */
function widest(character: string): number {
  if (character === EMOJI_SELECTOR) return 1
  if (ZERO_WIDTH.test(character)) return 0
  return EMOJI.test(character) ? 2 : eastAsianWidth(character.codePointAt(0) ?? 0)
}

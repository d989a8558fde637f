/**
 * Right-to-left text within rows that run from left to right (UAX #9).
 *
 * A terminal that orders characters by their direction does so row by row. Time, name and gutter of a row must stay
 * where they are, so what somebody wrote is put between isolates: it is ordered within itself, and its surroundings
 * take it for one neutral character.
 *
 * @module
 */

const LRI = '\u2066'
const RLI = '\u2067'
const PDI = '\u2069'

/** LRI, RLI, FSI and PDI: those of a text could end where a row is cut, so a text loses them and gets the screen's. */
const ISOLATES = /[\u2066-\u2069]/g

/**
 * The blocks whose characters run from right to left, assigned or not (UAX #9, section 3.2), and the marks that do:
 * RLM and ALM.
 */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/** The first character that has a direction decides on the paragraph's, as rules P2 and P3 have it. */
const FIRST_STRONG = /[\p{L}\u200e\u200f\u061c]/u

/** A text without isolates of its own. */
export function withoutIsolates(text: string): string {
  return text.replace(ISOLATES, '')
}

/**
 * Rows of one text, each between isolates if any of the text runs from right to left.
 *
 * What FSI would find for each row by itself is found once for all, so that a Hebrew text stays one whose second row
 * begins with an English word.
 */
export function isolated(rows: readonly string[]): readonly string[] {
  const text = rows.join(' ')
  if (!RIGHT_TO_LEFT.test(text)) return rows
  const first = FIRST_STRONG.exec(text)?.[0] ?? ''
  const isolate = RIGHT_TO_LEFT.test(first) ? RLI : LRI
  return rows.map((row) => (row === '' ? row : isolate + row + PDI))
}

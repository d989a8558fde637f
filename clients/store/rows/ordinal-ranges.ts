/**
 * Sets of ordinals (contact-state.ts) as ranges in ascending order: what was dropped may be one message of many, or all of
 * them.
 *
 * @module
 */

/** From the first ordinal to the last, both included. */
export type OrdinalRange = readonly [first: number, last: number]

export function covers(ranges: readonly OrdinalRange[], ordinal: number): boolean {
  return ranges.some(([first, last]) => first <= ordinal && ordinal <= last)
}

/** The set with a range more, which may lie over others. */
export function withRange(ranges: readonly OrdinalRange[], [first, last]: OrdinalRange): readonly OrdinalRange[] {
  if (first > last) return ranges
  const apart = ranges.filter((range) => range[1] < first - 1 || range[0] > last + 1)
  const touching = ranges.filter((range) => !apart.includes(range))
  const merged: OrdinalRange = [
    Math.min(first, ...touching.map((range) => range[0])),
    Math.max(last, ...touching.map((range) => range[1])),
  ]
  return [...apart, merged].sort((one, other) => one[0] - other[0])
}

/** How many ordinals of a set come after this one. */
export function countAfter(ranges: readonly OrdinalRange[], ordinal: number): number {
  return ranges.reduce((sum, [first, last]) => sum + Math.max(0, last - Math.max(first - 1, ordinal)), 0)
}

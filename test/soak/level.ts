/**
 * The judgement whether a quantity is level: no higher at the end of a run than after the warm-up, within an allowance.
 *
 * @module
 */

/** The two windows of samples that are compared, as fractions of all. Before the first is the warm-up. */
const WINDOWS = { first: [0.4, 0.6], last: [0.8, 1] } as const

export interface Allowance {
  /** The growth allowed as a part of the first window's median. */
  readonly part: number
  /** The growth allowed on top of that, in the unit of the quantity. */
  readonly units: number
}

export interface Verdict {
  /** The median of the first window, and below of the last one. */
  readonly first: number
  readonly last: number
  readonly isLevel: boolean
}

/**
 * Compare the window after the warm-up with the last one.
 *
 * @param samples - Taken at even distances, at least 10: fewer say nothing.
 */
export function judgeLevel(samples: readonly number[], { part, units }: Allowance): Verdict {
  if (samples.length < 10) throw new TypeError('too few samples to compare')
  const first = median(windowOf(samples, WINDOWS.first))
  const last = median(windowOf(samples, WINDOWS.last))
  return { first, last, isLevel: last <= first * (1 + part) + units }
}

function windowOf(samples: readonly number[], [from, to]: readonly [number, number]): number[] {
  return samples.slice(Math.floor(samples.length * from), Math.floor(samples.length * to))
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

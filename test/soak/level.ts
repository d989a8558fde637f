/**
 * Whether a quantity is level: no higher at the end of a run than after its beginning, but for what it sways by.
 *
 * @module
 */

/** How much of the samples is warm-up, and how much the two windows that are compared: fractions of all. */
const WINDOWS = { first: [0.4, 0.6], last: [0.8, 1] } as const

export interface Allowance {
  /** How much it may have grown, as a part of what it was. */
  readonly part: number
  /** And in its own unit, on top of that. */
  readonly units: number
}

export interface Verdict {
  /** The medians of the two windows. */
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

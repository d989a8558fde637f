/**
 * The arithmetic of a benchmark: what a few samples say.
 *
 * @module
 */

/** The value in the middle, or of an even number of values the mean of the two there. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** The value below which this part of the samples lies, between two of them in proportion; NaN of none. */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const place = (sorted.length - 1) * part
  const [below = Number.NaN, above = below] = sorted.slice(Math.floor(place), Math.floor(place) + 2)
  return below + (above - below) * (place - Math.floor(place))
}

/**
 * How many times the reference something is: the median of the ratios round by round, each of two samples that were
 * taken one after the other. What else runs on the machine slows both, and so decides less than over the medians.
 */
export function ratioOf(samples: readonly number[], reference: readonly number[]): number {
  return median(samples.map((sample, round) => sample / (reference[round] ?? Number.NaN)))
}

/** The lowest and the highest sample. */
export function rangeOf(samples: readonly number[]): readonly [number, number] {
  return [Math.min(...samples), Math.max(...samples)]
}

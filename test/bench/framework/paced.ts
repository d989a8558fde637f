/**
 * Work in such an amount that it takes about as long as a sample should: what Sotto does in a second may be a hundredth
 * of what a reference does.
 *
 * @module
 */

export interface PacedOptions {
  /** The time that a sample should take, in seconds. */
  readonly seconds: number
  /** The amounts to begin with, and to stay below. */
  readonly least?: number
  readonly most?: number
}

/**
 * The rate of work, as a function that measures it.
 *
 * @param work - Does so much, and gives the milliseconds that it took.
 * @returns measures: what was done a second. The first time it finds the amount, which also warms up.
 */
export function paced(
  work: (count: number) => Promise<number>,
  { seconds, least = 100, most = 1_000_000 }: PacedOptions,
): () => Promise<number> {
  const targetMs = seconds * 1_000
  let count: number | undefined
  const next = (done: number, ms: number) => Math.ceil(Math.min(most, Math.max(least, (done * targetMs) / ms)))
  return async () => {
    for (let tried = least; count === undefined; ) {
      const ms = await work(tried)
      const wanted = next(tried, ms)
      // What is cold is slow: small amounts say little of large ones.
      if (ms >= targetMs / 4 || tried >= most) count = wanted
      else tried = Math.min(wanted, tried * 8, most)
    }
    const ms = await work(count)
    const rate = (count * 1_000) / ms
    count = next(count, ms)
    return rate
  }
}

/**
 * Laws: properties that hold for every input, tried on random ones.
 *
 * A failure prints the seed and the smallest input that breaks the law; `SEED=n` tries the same inputs again, and
 * `SLOW=1` tries twenty times as many.
 *
 * @module
 */
import fc from 'fast-check'

const RUNS = 100 * (process.env['SLOW'] ? 20 : 1)

/** Assert a law. `weight` says how many times dearer than usual one run is. */
export function law<T>(property: fc.IProperty<T>, weight = 1): void {
  fc.assert(property, parameters(weight))
}

/** Assert a law of asynchronous code. */
export async function asyncLaw<T>(property: fc.IAsyncProperty<T>, weight = 1): Promise<void> {
  await fc.assert(property, parameters(weight))
}

function parameters(weight: number): { numRuns: number; seed?: number } {
  const numRuns = Math.ceil(RUNS / weight)
  const seed = process.env['SEED']
  return seed === undefined ? { numRuns } : { numRuns, seed: Number(seed) }
}

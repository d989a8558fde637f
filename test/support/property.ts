/**
 * Property tests: what must hold for every input, tried on random ones.
 *
 * A failure prints the seed and the smallest input that breaks the property; `SEED=n` tries the same inputs again, and
 * `SLOW=1` tries twenty times as many.
 *
 * @module
 */
import fc from 'fast-check'

const RUNS = 100 * (process.env['SLOW'] ? 20 : 1)

/** Assert a property. `weight` says how many times dearer than usual one run is. */
export function assertProperty<T>(property: fc.IProperty<T>, weight = 1): void {
  fc.assert(property, parameters(weight))
}

/** Assert a property of asynchronous code. */
export async function assertAsyncProperty<T>(property: fc.IAsyncProperty<T>, weight = 1): Promise<void> {
  await fc.assert(property, parameters(weight))
}

function parameters(weight: number): { numRuns: number; seed?: number } {
  const numRuns = Math.ceil(RUNS / weight)
  const seed = process.env['SEED']
  return seed === undefined ? { numRuns } : { numRuns, seed: Number(seed) }
}

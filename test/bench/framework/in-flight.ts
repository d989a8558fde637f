/**
 * Calls of which so many are under way at any time.
 *
 * @module
 */

/** Make so many calls, so many at once. @returns the milliseconds that each took. */
export async function inFlight(count: number, width: number, call: () => Promise<unknown>): Promise<number[]> {
  const delays: number[] = []
  let left = count
  const one = async () => {
    while (left-- > 0) {
      const beganMs = performance.now()
      await call()
      delays.push(performance.now() - beganMs)
    }
  }
  await Promise.all(Array.from({ length: width }, one))
  return delays
}

/**
 * Waiting for what may never come.
 *
 * @module
 */
import { type Later, laterForSure } from './later.ts'

/** Wait for something, but not for ever. @returns whether it has come in time, however it ended. */
export async function isInTime(promise: Promise<unknown>, ms: number, later: Later = laterForSure): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = later(ms, () => resolve(false))
  const over = promise.then(
    () => true,
    () => true,
  )
  const isOver = await Promise.race([over, late])
  timer.cancel()
  return isOver
}

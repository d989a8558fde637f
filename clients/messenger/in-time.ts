/**
 * Waiting at the end for a reader that may never take what it is given.
 *
 * @module
 */
import { type Later, laterForSure } from '#lib/runtime/later.ts'

/**
 * How long a reader has to take something when this process wants to end, in milliseconds: its locks keep all others
 * waiting, of which who wants to receive waits for 10 seconds.
 */
export const READER_PATIENCE_MS = 2_000

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

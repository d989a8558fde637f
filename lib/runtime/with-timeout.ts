/**
 * Waiting for what may never come.
 *
 * @module
 */
import { type Schedule, scheduleRef } from './schedule.ts'

/** Wait for something, but not for ever. @returns whether it has come in time, however it ended. */
export async function withTimeout(
  promise: Promise<unknown>,
  ms: number,
  schedule: Schedule = scheduleRef,
): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = schedule(ms, () => resolve(false))
  const over = promise.then(
    () => true,
    () => true,
  )
  const isOver = await Promise.race([over, late])
  timer.cancel()
  return isOver
}

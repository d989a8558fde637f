/**
 * A steady pace for a sender.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'

/** Call so many times, so many a second: what a late timer has missed is made up for at once. */
export async function atPace(count: number, perSecond: number, call: () => void): Promise<void> {
  const beganMs = performance.now()
  for (let done = 0; done < count; ) {
    const due = Math.min(count, Math.floor(((performance.now() - beganMs) / 1_000) * perSecond) + 1)
    for (; done < due; done += 1) call()
    await setTimeout(Math.max(0, beganMs + (done * 1_000) / perSecond - performance.now()))
  }
}

/**
 * Time, as an argument: whoever needs to know what time it is takes a {@link Clock}, so that a test can move it.
 *
 * @module
 */

export interface Clock {
  /** The wall clock: what people mean by the time. It may jump, so it is for expiry times and for showing only. */
  now(): Date
  /** Milliseconds since some fixed moment. It never jumps or goes back: for durations. */
  monotonicMs(): number
}

/** The time that was given last. */
let latest = new Date()

/** The machine's own clock. What it gives is several callers': to be changed by nobody. */
export const systemClock: Clock = {
  now: () => {
    const nowMs = Date.now()
    // To make one takes longer than all the rest of this, and who says many texts asks for it with each.
    if (nowMs !== latest.getTime()) latest = new Date(nowMs)
    return latest
  },
  monotonicMs: () => performance.now(),
}

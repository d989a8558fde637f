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

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
}

/**
 * The parts that the bodies of tickets and grants have in common: decoding without trust, and times.
 *
 * @module
 */
import type { Duration } from '#gen/google/protobuf/duration.ts'

/** The largest Unix time that a Date can hold, in milliseconds (ECMA-262, section 21.4.1.1). */
const MAX_TIME_MS = 8.64e15

/** The largest google.protobuf.Duration, in milliseconds: 315,576,000,000 seconds, about 10,000 years. */
const MAX_DURATION_MS = 315_576_000_000_000

const NANOSECONDS_PER_MILLISECOND = 1_000_000

/**
 * Decode a message that somebody else encoded.
 *
 * @returns undefined if the bytes are not such a message.
 */
export function decodeBody<T>(message: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T | undefined {
  try {
    return message.decode(bytes)
  } catch {
    return undefined
  }
}

/** Whether a number of milliseconds is a time that a Timestamp can carry. */
export function isTime(unixMs: number): boolean {
  return Number.isInteger(unixMs) && Math.abs(unixMs) <= MAX_TIME_MS
}

/** Whether a number of milliseconds can be how long a conversation lasts. */
export function isSessionDuration(milliseconds: number): boolean {
  return Number.isInteger(milliseconds) && milliseconds > 0 && milliseconds <= MAX_DURATION_MS
}

/** Milliseconds of a Duration, rounded down; NaN for one that is not there. */
export function millisecondsOf(duration: Duration | undefined): number {
  if (!duration) return Number.NaN
  return Number(duration.seconds) * 1000 + Math.floor(duration.nanos / NANOSECONDS_PER_MILLISECOND)
}

/** A Duration of so many milliseconds, from 0. */
export function toDuration(milliseconds: number): Duration {
  return {
    seconds: BigInt(Math.floor(milliseconds / 1000)),
    nanos: (milliseconds % 1000) * NANOSECONDS_PER_MILLISECOND,
  }
}

/**
 * How long to wait before something may succeed, as it goes over the wire.
 *
 * @module
 */
import type { Duration } from '#gen/google/protobuf/duration.ts'

/** The longest wait that the other end can ask for, in milliseconds: an hour. */
const MAX_RETRY_MS = 3_600_000

/** A wait, in milliseconds, on the wire. */
export function toRetryDelay(ms: number): Duration {
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: Math.round((ms % 1_000) * 1_000_000) }
}

/** The wait that the other end asks for, in milliseconds: 0 to an hour, whatever it says. */
export function fromRetryDelay({ seconds, nanos }: Duration): number {
  return Math.min(Math.max(0, Number(seconds) * 1_000 + Math.ceil(nanos / 1e6)), MAX_RETRY_MS)
}

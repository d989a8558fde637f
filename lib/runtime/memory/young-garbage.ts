/**
 * Finds the garbage that a flow of large messages leaves, while it is young.
 *
 * The gRPC library makes buffers of its own of each message, which nobody gives back. To V8 they are memory that grows, and it
 * looks through the whole heap for them, in several threads, every 20 MB or so. Among what was made last it finds them in a
 * millisecond.
 *
 * @module
 */
import { collect } from './collector.ts'

/** After how many bytes it is looked for: with twice as many V8 at times comes first, and half as many take no less time. */
const EVERY_BYTES = 2 * 1024 * 1024

let bytes = 0

/** So many bytes have passed in large messages: their buffers are garbage, or soon are. */
export function leaveYoungGarbage(length: number): void {
  bytes += length
  if (bytes < EVERY_BYTES) return
  bytes = 0
  collect({ type: 'minor' })
}

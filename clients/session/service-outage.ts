/**
 * The handling of outages of a service with a standing link: which failures a client waits out, and for how long.
 *
 * @module
 */
import type { ErrorCode, SottoError } from '#lib/errors.ts'
import type { BackoffOptions } from './backoff.ts'

/** How long a link that broke waits before it is tried again. */
export const LINK_BACKOFF: BackoffOptions = { firstMs: 250, longestMs: 15_000 }

const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_UNAVAILABLE',
  'ERR_SERVER_DISK_FULL',
  'ERR_SERVER_STORE',
  'ERR_BUSY',
  // This machine's addresses change, and the host may allow them.
  'ERR_ENDPOINTS_REFUSED',
  'ERR_CHANNEL_CUT',
  'ERR_CHANNEL_CLOSED',
  'ERR_INTERNAL',
])

/** Whether a failure passes by itself: the link broke, or the service restarts or has too much to do. */
export function isPassing(error: SottoError): boolean {
  return PASSING.has(error.code)
}

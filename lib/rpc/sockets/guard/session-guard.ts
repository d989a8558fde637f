/**
 * The guard of an HTTP/2 session, as far as Node.js tells what comes over it: pings and settings, which it answers without
 * end, the calls that begin, and that the other end broke HTTP/2.
 *
 * Node.js itself ends a session that floods resets, continuations, empty frames, or frames of streams that never were
 * (`streamResetBurst`, `maxSessionInvalidFrames`, and nghttp2's own bounds); the guard counts these as `protocol`.
 *
 * @module
 */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { CutReason } from '../../../runtime/metrics/cut-events.ts'
import { PINGS_PER_SECOND, SETTINGS_PER_SECOND } from './bounds.ts'
import type { ConnectionGuard } from './connection-guard.ts'
import { Rate } from './rate.ts'

/** The errors of a session whose other end broke HTTP/2; one that only ended with an error of its own has another. */
const BROKEN: ReadonlySet<string> = new Set(['ERR_HTTP2_ERROR', 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES'])

/** Guard a session until it is closed. @param firstCallTimeoutMs - How long it may take until its first call. */
export function guardSession(
  session: ServerHttp2Session,
  guard: ConnectionGuard,
  { firstCallTimeoutMs }: { readonly firstCallTimeoutMs: number },
): void {
  const cutAbove = (perSecond: number, reason: CutReason) => {
    const rate = new Rate(perSecond)
    return () => {
      if (rate.isExceeded()) guard.cut(reason)
    }
  }
  session.on('ping', cutAbove(PINGS_PER_SECOND, 'pings'))
  session.on('remoteSettings', cutAbove(SETTINGS_PER_SECOND, 'settings'))
  session.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== undefined && BROKEN.has(error.code)) guard.note('protocol')
  })
  guard.start(session, performance.now() + firstCallTimeoutMs)
  // Node.js itself listens already, and the library by it.
  session.prependListener('stream', (stream: ServerHttp2Stream) => guard.arriving(stream))
  session.on('stream', () => guard.began())
}

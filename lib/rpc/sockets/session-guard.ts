/**
 * The guard of an HTTP/2 session: it cuts a session whose other end floods it with frames that nobody has a use for, says
 * nothing, or breaks the protocol, and says so once.
 *
 * Node.js itself ends a session that floods resets, continuations, or frames of streams that never were
 * (`streamResetBurst`, `maxSessionInvalidFrames`, and nghttp2's own bounds); the guard counts these as `protocol`. Pings and settings it answers
 * without end, as long as somebody reads the answers.
 *
 * @module
 */
import type { ServerHttp2Session } from 'node:http2'
import type { Logger } from '../../runtime/log.ts'
import { CUTS, type CutEvent, type CutReason } from '../../runtime/metrics/cut-events.ts'

/**
 * How many frames of each sort may come within {@link PERIOD_MS}. The gRPC libraries send a ping after data to measure the
 * way, some tens a second at most, and settings once or twice.
 */
const MOST_PINGS = 200
const MOST_SETTINGS = 20

/** The time over which frames are counted, in milliseconds. */
const PERIOD_MS = 1_000

/** The errors of a session whose other end broke HTTP/2; one that only ended with an error of its own has another. */
const BROKEN: ReadonlySet<string> = new Set(['ERR_HTTP2_ERROR', 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES'])

export interface SessionGuardOptions {
  /** How long the session may take until its first call, in milliseconds. */
  readonly firstCallTimeoutMs: number
  readonly log: Logger
}

/** Guard a session until it is closed. */
export function guardSession(session: ServerHttp2Session, { firstCallTimeoutMs, log }: SessionGuardOptions): void {
  const peer = session.socket.remoteAddress
  let isCut = false
  const note = (reason: CutReason) => {
    if (isCut) return
    isCut = true
    log.info({ peer, reason }, 'connection cut')
    if (CUTS.hasSubscribers) CUTS.publish({ reason, peer } satisfies CutEvent)
  }
  const cut = (reason: CutReason) => {
    note(reason)
    session.destroy()
  }
  const countPing = counter(MOST_PINGS, () => cut('pings'))
  const countSettings = counter(MOST_SETTINGS, () => cut('settings'))
  session.on('ping', countPing)
  session.on('remoteSettings', countSettings)
  session.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== undefined && BROKEN.has(error.code)) note('protocol')
  })
  const timer = setTimeout(() => cut('silent'), firstCallTimeoutMs)
  session.once('stream', () => clearTimeout(timer))
  session.once('close', () => clearTimeout(timer))
}

/** Counts, and says so when there were more than so many within a period. */
function counter(most: number, onTooMany: () => void): () => void {
  let count = 0
  let endsAtMs = 0
  return () => {
    const nowMs = performance.now()
    if (nowMs >= endsAtMs) {
      count = 0
      endsAtMs = nowMs + PERIOD_MS
    }
    count += 1
    if (count > most) onTooMany()
  }
}

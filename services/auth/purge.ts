/**
 * Clears away what time has ended: sessions that nobody used for as long as they last, and counts of failed attempts.
 *
 * @module
 */
import type { Logger } from '#lib/runtime/log.ts'
import type { SignInAttempts } from './attempts/sign-in-attempts.ts'
import type { Refusals } from './audit/refusals.ts'
import type { Sessions } from './sessions.ts'

/** How often, in milliseconds: 1 h. A session that is over is as good as deleted meanwhile. */
const PURGE_INTERVAL_MS = 3_600_000

export interface PurgeOptions {
  readonly sessions: Sessions
  readonly attempts: SignInAttempts
  readonly refusals: Refusals
  readonly log: Logger
}

/** Purge now, and again and again. @returns a function that ends it, once a purge that may be going on is over. */
export function keepPurging({ sessions, attempts, refusals, log }: PurgeOptions): () => Promise<void> {
  let ongoing: Promise<unknown> = Promise.resolve()
  const purge = () => {
    ongoing = Promise.all([sessions.purge(), attempts.purge(), refusals.flush()]).catch((error: unknown) =>
      log.warn({ err: error }, 'cannot clear away what is old'),
    )
  }
  purge()
  const timer = setInterval(purge, PURGE_INTERVAL_MS)
  return async () => {
    clearInterval(timer)
    await ongoing
  }
}

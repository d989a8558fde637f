/**
 * Clears away what time has ended: sessions that nobody used for as long as they last, counts of failed attempts, and second
 * factors that were never confirmed.
 *
 * @module
 */
import type { Logger } from '#lib/runtime/log.ts'
import type { SignInAttempts } from './attempts/sign-in-attempts.ts'
import type { Refusals } from './audit/refusals.ts'
import type { SecondFactors } from './second-factor/second-factors.ts'
import type { Sessions } from './sessions.ts'

/** How often, in milliseconds: 1 h. A session that is over is as good as deleted meanwhile. */
const PURGE_INTERVAL_MS = 3_600_000

export interface PurgeOptions {
  readonly sessions: Sessions
  readonly attempts: SignInAttempts
  readonly secondFactors: SecondFactors
  readonly refusals: Refusals
  readonly log: Logger
}

/** Purge now, and again and again. @returns a function that ends it, once a purge that may be going on is over. */
export function keepPurging({ sessions, attempts, secondFactors, refusals, log }: PurgeOptions): () => Promise<void> {
  let ongoing: Promise<unknown> = Promise.resolve()
  const purge = () => {
    const purged = [sessions.purge(), attempts.purge(), secondFactors.purge(), refusals.flush()]
    ongoing = Promise.all(purged).catch((error: unknown) => log.warn({ err: error }, 'cannot clear away what is old'))
  }
  purge()
  const timer = setInterval(purge, PURGE_INTERVAL_MS)
  return async () => {
    clearInterval(timer)
    await ongoing
  }
}

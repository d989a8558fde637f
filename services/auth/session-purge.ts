/**
 * Clears away the sessions that nobody used for as long as they last.
 *
 * @module
 */
import type { Logger } from '#lib/runtime/log.ts'
import type { Sessions } from './sessions.ts'

/** How often, in milliseconds: 1 h. A session that is over is as good as deleted meanwhile. */
const PURGE_INTERVAL_MS = 3_600_000

/** Purge now, and again and again. @returns a function that ends it, once a purge that may be going on is over. */
export function keepPurging(sessions: Sessions, log: Logger): () => Promise<void> {
  let ongoing = Promise.resolve()
  const purge = () => {
    ongoing = sessions.purge().catch((error: unknown) => log.warn({ err: error }, 'cannot clear old sessions away'))
  }
  purge()
  const timer = setInterval(purge, PURGE_INTERVAL_MS)
  return async () => {
    clearInterval(timer)
    await ongoing
  }
}

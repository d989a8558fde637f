/**
 * Keeps hearing from Auth which sessions end: the stream is opened again whenever it breaks, and goes on where it was.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isSottoError } from '#lib/errors.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { AuthClient } from './auth-client.ts'
import type { Authentications } from './authentications.ts'

/** How long after a break it is tried again, in milliseconds: Auth takes longer to start. */
const RETRY_MS = 500

export interface RevocationWatchOptions {
  readonly auth: Pick<AuthClient, 'watchRevocations'>
  readonly authentications: Authentications
  readonly log: Logger
}

/**
 * Watch until told to end.
 *
 * @returns a function that ends it.
 */
export function keepWatchingRevocations({ auth, authentications, log }: RevocationWatchOptions): () => Promise<void> {
  const ended = new AbortController()
  const { signal } = ended
  let number: bigint | undefined

  async function watchOnce(): Promise<void> {
    for await (const news of auth.watchRevocations(number, signal)) {
      number = news.number
      authentications.note(news)
    }
  }

  async function watch(): Promise<void> {
    while (!signal.aborted) {
      let retryMs = RETRY_MS
      await watchOnce().catch((error: unknown) => {
        if (!signal.aborted) log.debug({ err: error }, 'auth tells of no ended sessions at present')
        if (isSottoError(error)) retryMs = Math.max(retryMs, error.retryAfterMs ?? 0)
      })
      await delay(retryMs, undefined, { signal }).catch(() => {})
    }
  }

  const watching = watch()
  return async () => {
    ended.abort()
    await watching
  }
}

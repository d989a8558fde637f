/**
 * Waiting in one process for what another one delivers: a `sotto send` hands over to the process that owns the profile's
 * channels by appending to the store, and learns from the store what became of it.
 *
 * @module
 */

import type { Store } from '../store.ts'
import type { MessageLog, Progress } from './message-log.ts'

/**
 * Wait until a mark has come to an event, by another process's doing.
 *
 * @param mark - Which of the marks.
 * @param ordinal - Of the event, as {@link MessageLog.append} gave it.
 * @throws the signal's reason, if it is aborted before; SottoError as {@link MessageLog.progress}.
 */
export async function waitForProgress(
  store: Store,
  messageLog: MessageLog,
  { mark, ordinal, signal }: { mark: keyof Progress; ordinal: number; signal: AbortSignal },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const poll = (): void => {
    try {
      if (messageLog.progress()[mark] >= ordinal) resolve()
    } catch (error) {
      reject(error)
    }
  }
  const stop = (): void => reject(signal.reason)
  // Watched before the first look, so that nothing can come between the two.
  const watch = store.watch(poll)
  signal.addEventListener('abort', stop)
  try {
    if (signal.aborted) stop()
    poll()
    await promise
  } finally {
    signal.removeEventListener('abort', stop)
    watch.stop()
  }
}

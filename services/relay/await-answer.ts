/**
 * The wait of a call for its answer.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { WaitingCall } from './attendances.ts'

/**
 * Whoever answers in time.
 *
 * @param signal - Nobody waits any more.
 * @throws SottoError `ERR_UNAVAILABLE` if nobody has answered; the signal's reason. Nobody can answer after that.
 */
export async function awaitAnswer<Answerer>(
  { answered, withdraw }: WaitingCall<Answerer>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Answerer> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const giveUp = (reason: unknown) => {
    // At once, as whoever answered a caller who has gone would wait for their end.
    withdraw()
    reject(reason)
  }
  const timer = setTimeout(() => giveUp(unanswered()), timeoutMs)
  const onAbort = () => giveUp(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([answered, over])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function unanswered(): SottoError {
  return new SottoError('ERR_UNAVAILABLE', 'nobody has answered the call', { hint: 'try again in a moment' })
}

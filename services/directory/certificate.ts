/**
 * The directory's certificate. Auth makes it, at its own start, and leaves it in a folder that both can reach; so a
 * directory that is started first has to wait.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { loadLeaf } from '#lib/runtime/certificate-authority.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Logger } from '#lib/runtime/log.ts'

/** How long a start waits for the certificate, in milliseconds: enough for Auth's own first start on a slow machine. */
export const CERTIFICATE_WAIT_MS = 60_000

/** How often the folder is looked into, in milliseconds. */
const POLL_INTERVAL_MS = 100

export interface CertificateWait {
  readonly clock: Clock
  readonly log: Logger
  /** How long at most, in milliseconds; {@link CERTIFICATE_WAIT_MS} unless set. */
  readonly certificateWaitMs?: number
  /** Ends the wait early, with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * The certificate and its authority's, once they are there whole.
 *
 * @throws SottoError `ERR_UNAVAILABLE` if they do not come in time.
 */
export async function awaitLeaf(
  folder: string,
  { clock, log, certificateWaitMs: waitMs = CERTIFICATE_WAIT_MS, signal }: CertificateWait,
) {
  const deadlineMs = clock.monotonicMs() + waitMs
  let waiting = false
  while (true) {
    try {
      return await loadLeaf(folder)
    } catch (error) {
      if (!isSottoError(error)) throw error
      if (clock.monotonicMs() >= deadlineMs) throw neverCame(folder, error)
      if (!waiting) log.info({ folder, waitMs }, 'waiting for the certificate that auth makes at its start')
      waiting = true
    }
    signal?.throwIfAborted()
    await delay(POLL_INTERVAL_MS)
  }
}

function neverCame(folder: string, cause: SottoError): SottoError {
  return new SottoError('ERR_UNAVAILABLE', `auth has left no certificate in ${folder}`, {
    cause,
    hint: 'start auth first, and give both the same SOTTO_DIRECTORY_TLS',
  })
}

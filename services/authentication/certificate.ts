/**
 * The certificate of a service beside Auth. Auth makes it, at its own start, and leaves it in a folder that both can
 * reach; so a service that is started first has to wait. Auth also renews it, and so the folder is looked at again and
 * again.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { type LoadedLeaf, loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import { EndWarnings, endOf } from '#lib/runtime/certificates/lifetimes.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { repeatedly } from '#lib/runtime/repeatedly.ts'

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
 * @param setting - The setting by which both name the folder.
 * @throws SottoError `ERR_UNAVAILABLE` if they do not come in time.
 */
export async function awaitLeaf(
  folder: string,
  setting: 'SOTTO_DIRECTORY_TLS' | 'SOTTO_RELAY_TLS',
  { clock, log, certificateWaitMs: waitMs = CERTIFICATE_WAIT_MS, signal }: CertificateWait,
): Promise<LoadedLeaf> {
  const deadlineMs = clock.monotonicMs() + waitMs
  let waiting = false
  while (true) {
    try {
      return await loadLeaf(folder)
    } catch (error) {
      if (!isSottoError(error)) throw error
      if (clock.monotonicMs() >= deadlineMs) throw neverCame(folder, setting, error)
      if (!waiting) log.info({ folder, waitMs }, 'waiting for the certificate that auth makes at its start')
      waiting = true
    }
    signal?.throwIfAborted()
    await delay(POLL_INTERVAL_MS)
  }
}

/** How often the certificate is looked at, in milliseconds: a rotation is in use everywhere in twice that. */
const RELOAD_MS = 5_000

export interface LeafRenewal {
  /** Whose it is, for the log. */
  readonly service: 'directory' | 'relay'
  readonly folder: string
  /** The one that is in use at first. */
  readonly leaf: LoadedLeaf
  readonly clock: Clock
  readonly log: Logger
  /** {@link RELOAD_MS} unless set. */
  readonly intervalMs?: number | undefined
  /** Called with another that is to be used from now on. */
  readonly onChange: (leaf: LoadedLeaf) => void
}

/**
 * Look at the folder again and again, and warn of a certificate that ends soon. Where it cannot be read, the one of
 * before stays, which is said once.
 *
 * @returns a function that ends it, once a look that may be going on is over.
 */
export function keepLeaf({ service, folder, leaf, clock, log, intervalMs = RELOAD_MS, onChange }: LeafRenewal) {
  const warnings = new EndWarnings(clock, log)
  let current = leaf
  let isFailing = false
  const warn = () => warnings.check([{ what: service, endsAt: endOf(current.certificate.certificatesPem) }])

  async function look(): Promise<void> {
    try {
      const found = await loadLeaf(folder)
      isFailing = false
      if (found.certificate.certificatesPem !== current.certificate.certificatesPem) {
        current = found
        onChange(found)
        log.info({ endsAt: endOf(found.certificate.certificatesPem) }, 'new certificate')
      }
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'the certificate cannot be read: the one of before stays in use')
      isFailing = true
    }
    warn()
  }

  warn()
  return repeatedly(look, intervalMs)
}

function neverCame(folder: string, setting: string, cause: SottoError): SottoError {
  return new SottoError('ERR_UNAVAILABLE', `auth has left no certificate in ${folder}`, {
    cause,
    hint: `start auth first, and give both the same ${setting}`,
  })
}

/**
 * Whether a service's certificate is good at this time: with one that is not, nobody comes in.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import { SottoError } from '../../errors.ts'
import type { Clock } from '../clock.ts'
import type { CertificateChain } from '../tls.ts'
import type { HealthCheck } from './keep-checking.ts'

/** The check of the certificate that is in use. It fails with `ERR_CERTIFICATE_TIME` before its time and after. */
export function certificateCheck(current: () => CertificateChain, clock: Clock): HealthCheck {
  return {
    of: 'the certificate',
    async run() {
      const { validFromDate, validToDate } = new X509Certificate(current().certificatesPem)
      const now = clock.now()
      if (now > validToDate) throw outOfTime(`the certificate has ended, at ${validToDate.toISOString()}`)
      if (now < validFromDate) throw outOfTime(`the certificate begins at ${validFromDate.toISOString()}`)
    },
  }
}

function outOfTime(message: string): SottoError {
  return new SottoError('ERR_CERTIFICATE_TIME', message, {
    hint: 'check the clock of this machine; auth makes certificates anew by itself, and its log says why where it cannot',
  })
}

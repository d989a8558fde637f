/**
 * The installation that `sotto admin` works on: its settings, and how people reach it.
 *
 * @module
 */
import { environment } from '#lib/runtime/environment.ts'
import type { Config } from '../../services/auth/config.ts'
import { notice } from '../profile-command.ts'

export async function readConfig(): Promise<Config> {
  const { readConfig } = await import('../../services/auth/config.ts')
  return readConfig(environment())
}

export interface PublicServer {
  /** Auth's address for people on other machines, `HOST:PORT`; with `localhost` where nobody has named this one. */
  readonly address: string
  /** Of the authority's certificate: what makes it safe to sign in for the first time. */
  readonly fingerprint: string
  /** Says that the address is of no use on other machines, if it is not. */
  noticeIfUnnamed(): void
}

/** @throws SottoError `ERR_STORE` if there is no certificate, or it cannot be read. */
export async function publicServer(config: Config): Promise<PublicServer> {
  const { readAuthorityCertificate } = await import('../../services/auth/keys/certificates.ts')
  const { readPublicAddress } = await import('../../services/auth/public-address.ts')
  const { fingerprintOf } = await import('#lib/runtime/tls.ts')
  const address = await readPublicAddress(config)
  const isNamed = !address.startsWith(':')
  return {
    address: `${isNamed ? '' : 'localhost'}${address}`,
    fingerprint: fingerprintOf(await readAuthorityCertificate(config)),
    noticeIfUnnamed() {
      if (isNamed) return
      notice(
        "from another machine, put this one's name in place of localhost; SOTTO_NAMES sets others (docs/operations.md)",
        {},
      )
    },
  }
}

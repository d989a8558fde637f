import type { Clock } from './clock.ts'
import type { CertificateChain, Role } from './tls.ts'

export interface CertificateAuthority {
  readonly certificatePem: string
  /** PKCS #8. Secret. */
  readonly keyPem: string
}

/** The authority kept in a folder (`ca.pem`, `ca.key`), made at first use. */
export async function ensureCertificateAuthority(_folder: string, _clock: Clock): Promise<CertificateAuthority> {
  throw new TypeError('filled in next')
}

/**
 * The leaf kept in a folder (`ca.pem`, `certificate.pem`, `certificate.key`), made at first use and made anew where its
 * names, its authority or its end (within 30 days) ask for it.
 */
export async function ensureLeaf(_options: {
  readonly folder: string
  readonly authority: CertificateAuthority
  readonly role: Role
  /** Beside the role: {@link hostNames} and what the operator adds. */
  readonly names: readonly string[]
  readonly clock: Clock
}): Promise<CertificateChain> {
  throw new TypeError('filled in next')
}

/** The leaf and the authority's certificate from a folder that {@link ensureLeaf} filled, perhaps in another process. */
export async function loadLeaf(_folder: string): Promise<{ certificate: CertificateChain; authorityPem: string }> {
  throw new TypeError('filled in next')
}

/** localhost, this machine's name and its addresses. */
export function hostNames(): string[] {
  throw new TypeError('filled in next')
}

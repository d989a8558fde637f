/**
 * Certificates as the two ends of a TLS connection hold them, and what names an installation.
 *
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto'

/** A certificate with whatever proves it, and its private key, as PEM text. */
export interface CertificateChain {
  /** The leaf first, then the authority: clients that know only the authority's fingerprint take it from here. */
  readonly certificatesPem: string
  /** PKCS #8. Secret. */
  readonly keyPem: string
}

/** Who a certificate stands for: what callers check beside the authority's signature. */
export type Role = 'auth.sotto' | 'directory.sotto' | 'sealing.sotto'

/** Bytes of a realm. */
export const REALM_BYTES = 32

/** SHA-256 of an authority's SubjectPublicKeyInfo in DER: names the installation, {@link REALM_BYTES} bytes. */
export function realmOf(authorityPem: string): Uint8Array {
  const spki = new X509Certificate(authorityPem).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest()
}

/** SHA-256 of a certificate in DER, as 64 lower-case hexadecimal digits: what a person compares. */
export function fingerprintOf(certificatePem: string): string {
  return createHash('sha256').update(new X509Certificate(certificatePem).raw).digest('hex')
}

/**
 * The authority's certificate from a server that nothing is known of but the authority's fingerprint.
 *
 * Nothing is sent to the server beyond the TLS handshake, and nothing it says is believed: of the chain that it shows,
 * the one certificate that has the fingerprint is kept.
 *
 * @param address - `HOST:PORT`.
 * @param fingerprint - As {@link fingerprintOf} gives it; upper case and colons are fine.
 * @returns the certificate as PEM.
 * @throws SottoError `ERR_CA_MISMATCH` if no certificate of the chain has it; `ERR_UNAVAILABLE` if nobody answers.
 */
export async function fetchCertificateAuthority(_address: string, _fingerprint: string): Promise<string> {
  throw new TypeError('filled in next')
}

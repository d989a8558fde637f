/**
 * The authorities of an installation, from its first to the one of now.
 *
 * They are one list, the newest first: an authority's own certificate, then the one by which the former has signed for
 * it, then the former's own, and so on to the first. Each is signed by the key of the next one:
 *
 *     own certificate of 3 | 3, signed by 2 | own of 2 | 2, signed by 1 | own of 1
 *
 * So whoever trusts any of them can follow the signatures to the newest, and to the first, whose key names the
 * installation.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The certificates in a PEM text, each as a text of its own that ends with a line feed. */
export function certificatesIn(pem: string): string[] {
  return (pem.match(PEM_CERTIFICATE) ?? []).map((text) => `${text}\n`)
}

/**
 * The authorities in the order in which a server shows them behind its leaf: what one has signed for another goes before
 * their own certificates. OpenSSL takes the first that fits a name, and one that signs itself and is not trusted would
 * end its search (X509_verify_cert(3)).
 */
export function inOrderShown(authorities: readonly string[]): string[] {
  const own = authorities.filter(isSelfIssued)
  return [...authorities.filter((pem) => !own.includes(pem)), ...own]
}

/** The authorities' own certificates, in their order: all that may be trusted within the installation itself. */
export function ownCertificates(pem: string): string {
  return certificatesIn(pem).filter(isSelfIssued).join('')
}

function isSelfIssued(pem: string): boolean {
  const { subject, issuer } = new X509Certificate(pem)
  return subject === issuer
}

/** The certificate of the first authority, whose key names the installation. */
export function firstAuthorityOf(authoritiesPem: string): string {
  return certificatesIn(authoritiesPem).at(-1) ?? ''
}

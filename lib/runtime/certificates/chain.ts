/**
 * The authorities of an installation, from its first to the one of now.
 *
 * They are one list, the newest first: an authority's own certificate, then the one by which the former has signed for
 * it, then the former's own, and so on to the first. Each is signed by the key of the next one:
 *
 *     own certificate of 3 | 3, signed by 2 | own of 2 | 2, signed by 1 | own of 1
 *
 * So whoever trusts any of them can follow the signatures to the newest, and to the first, whose key names the
 * installation. docs/protocol.md, section 15.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import { SottoError } from '../../errors.ts'
import { realmOf } from '../tls.ts'

/** How many times the authority of an installation may change: what a server shows at each connection stays small. */
export const MAX_ROTATIONS = 32

/** The most certificates in a list. */
export const MAX_AUTHORITY_CERTIFICATES = 1 + 2 * MAX_ROTATIONS

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

/** The certificates of a PEM text in DER, in its order. */
export function inDer(pem: string): Buffer[] {
  return certificatesIn(pem).map((each) => new X509Certificate(each).raw)
}

/** The certificate of the first authority, whose key names the installation. */
export function firstAuthorityOf(authoritiesPem: string): string {
  return certificatesIn(authoritiesPem).at(-1) ?? ''
}

/** The outcome of following the authorities from one that was trusted. */
export interface FollowedAuthority {
  /** The newest one's own certificate. */
  readonly authorityPem: string
  /** SHA-256 of the first one's public key, 32 bytes: names the installation. */
  readonly realm: Uint8Array
}

/**
 * Follow the authorities of an installation to the newest, and to the first.
 *
 * Everything that is newer than what is trusted has to be good now, since trust is given by it. What is older only names
 * the installation, and may have ended.
 *
 * @param trustedPem - The one that is trusted.
 * @param authorities - The list, in DER, the newest first; empty where there is but the one.
 * @throws SottoError `ERR_CA_MISMATCH` if the list does not hang together, the trusted one is not in it, or one on the
 *   way is no authority or not good now.
 */
export function followAuthority(
  trustedPem: string,
  authorities: readonly Uint8Array[],
  nowMs: number,
): FollowedAuthority {
  if (authorities.length === 0) return { authorityPem: trustedPem, realm: realmOf(trustedPem) }
  if (authorities.length > MAX_AUTHORITY_CERTIFICATES) throw doesNotLead('there are too many')
  const list = authorities.map(parse)
  for (const [index, certificate] of list.entries()) {
    if (!isSignedBy(certificate, list[index + 1] ?? certificate)) throw doesNotLead('a signature is not right')
  }
  const [newest] = list as [X509Certificate]
  if (newest.subject !== newest.issuer) throw doesNotLead('the newest does not stand by itself')
  const trustedKey = keyOf(new X509Certificate(trustedPem))
  const trustedAt = list.findIndex((certificate) => keyOf(certificate).equals(trustedKey))
  if (trustedAt === -1) throw doesNotLead('the one that is trusted is not among them')
  for (const { validFromDate, validToDate } of list.slice(0, trustedAt)) {
    if (validFromDate.getTime() > nowMs || validToDate.getTime() < nowMs) throw doesNotLead('one is not good now')
  }
  return {
    authorityPem: trustedAt === 0 ? trustedPem : newest.toString(),
    realm: realmOf((list.at(-1) ?? newest).toString()),
  }
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch {
    throw doesNotLead('one cannot be read')
  }
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.ca && issuer.ca && certificate.issuer === issuer.subject && certificate.verify(issuer.publicKey)
}

function keyOf({ publicKey }: X509Certificate): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' })
}

function doesNotLead(why: string): SottoError {
  return new SottoError('ERR_CA_MISMATCH', `the server's authorities do not lead to the one that is trusted: ${why}`, {
    hint: 'ask whoever runs the server for a new link; do not go on if they have not changed their authority',
  })
}

/**
 * Certificates as the two ends of a TLS connection hold them, and what names an installation.
 *
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto'
import { connect, type TLSSocket } from 'node:tls'
import { SottoError } from '../errors.ts'
import { parseAddress } from './address.ts'
import { hasSystemCode } from './system-errors.ts'

/** A certificate with whatever proves it, and its private key, as PEM text. */
export interface CertificateChain {
  /** The leaf first, then the authority: clients that know only the authority's fingerprint take it from here. */
  readonly certificatesPem: string
  /** PKCS #8. Secret. */
  readonly keyPem: string
}

/** The role that a certificate is for, which callers check beside the authority's signature. */
export type Role = 'auth.sotto' | 'directory.sotto' | 'sealing.sotto' | 'relay.sotto'

/** How long a server has to show its certificates, in milliseconds. */
const FETCH_TIMEOUT_MS = 10_000

/** The authority whose realm was asked for last: a process knows one, and asks several times for each conversation. */
let lastAsked: { readonly authorityPem: string; readonly realm: Uint8Array } | undefined

/** SHA-256 of an authority's SubjectPublicKeyInfo in DER: of the first one, names the installation. 32 bytes. Not to be changed. */
export function realmOf(authorityPem: string): Uint8Array {
  if (lastAsked?.authorityPem === authorityPem) return lastAsked.realm
  const spki = new X509Certificate(authorityPem).publicKey.export({ type: 'spki', format: 'der' })
  const realm = createHash('sha256').update(spki).digest()
  lastAsked = { authorityPem, realm }
  return realm
}

/** SHA-256 of a certificate, given as PEM or DER, in DER: as 64 lower-case hexadecimal digits: what a person compares. */
export function fingerprintOf(certificate: string | Uint8Array): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')
}

/**
 * A fingerprint as a person types it, as {@link fingerprintOf} gives it.
 *
 * @param text - Upper case and colons are fine.
 * @throws SottoError `ERR_USAGE` if it is not 64 hexadecimal digits.
 */
export function parseFingerprint(text: string): string {
  const digits = text.replaceAll(':', '').toLowerCase()
  if (/^[0-9a-f]{64}$/.test(digits)) return digits
  throw new SottoError('ERR_USAGE', 'a fingerprint that is not 64 hexadecimal digits', {
    hint: 'copy it whole from what the server printed at its start',
  })
}

/**
 * The authority's certificate from a server that nothing is known of but the authority's fingerprint.
 *
 * Nothing is sent to the server beyond the TLS handshake, and nothing it says is believed: of the chain that it shows,
 * the one authority that has the fingerprint is kept. Whether the server belongs to that authority shows when it is
 * called.
 *
 * @param address - `HOST:PORT`.
 * @param fingerprint - As {@link parseFingerprint} takes it.
 * @returns the certificate as PEM.
 * @throws SottoError `ERR_USAGE` if the address or the fingerprint cannot be read; `ERR_CA_MISMATCH` if no authority in
 *   the chain has it; `ERR_UNAVAILABLE` if nobody answers, or not with TLS 1.3; the signal's reason.
 */
export async function fetchCertificateAuthority(
  address: string,
  fingerprint: string,
  signal?: AbortSignal,
): Promise<string> {
  const wanted = parseFingerprint(fingerprint)
  signal?.throwIfAborted()
  for (const certificate of await shownCertificates(address, signal)) {
    const pem = certificate.toString()
    if (certificate.ca && fingerprintOf(pem) === wanted) return pem
  }
  throw new SottoError('ERR_CA_MISMATCH', `the server at ${address} belongs to another certificate authority`, {
    hint: 'compare the fingerprint with the one that its administrator sees; do not go on if they differ',
  })
}

/**
 * The certificates that a server, or auth behind a door, shows, the leaf first. Nobody vouches for them. A connection that breaks is made again, once.
 *
 * @throws SottoError `ERR_UNAVAILABLE` if nobody answers, or not with TLS 1.3; the signal's reason.
 */
export async function shownCertificates(address: string, signal?: AbortSignal): Promise<X509Certificate[]> {
  try {
    return await shownOnce(address, signal).catch((error: unknown) => {
      if (signal?.aborted || !hasSystemCode(error, 'ECONNRESET')) throw error
      return shownOnce(address, signal)
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw unanswered(address, cause)
  }
}

async function shownOnce(address: string, signal: AbortSignal | undefined): Promise<X509Certificate[]> {
  const socket = connect({
    ...parseAddress(address),
    // Nobody is verified by it: it is where a door passes the connection on to.
    servername: 'auth.sotto' satisfies Role,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    // The one connection that verifies nothing: it carries nothing, and what is taken from it is compared.
    rejectUnauthorized: false,
  })
  const onAbort = () => void socket.destroy(new Error('given up'))
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await secured(socket)
    const shown: X509Certificate[] = []
    for (let each = socket.getPeerX509Certificate(); each !== undefined; each = each.issuerCertificate) {
      if (shown.some(({ fingerprint256 }) => fingerprint256 === each?.fingerprint256)) break
      shown.push(each)
    }
    return shown
  } finally {
    signal?.removeEventListener('abort', onAbort)
    socket.destroy()
  }
}

function unanswered(address: string, cause: unknown): SottoError {
  const { host } = parseAddress(address)
  if (hasSystemCode(cause, 'ENOTFOUND')) {
    return new SottoError('ERR_UNAVAILABLE', `there is no host named ${host}`, { cause, hint: 'check its name' })
  }
  if (hasSystemCode(cause, 'EAI_AGAIN')) {
    return new SottoError('ERR_UNAVAILABLE', `nobody says which address the host ${host} has`, {
      cause,
      hint: "check its name, and this machine's network",
    })
  }
  return new SottoError('ERR_UNAVAILABLE', `nobody answers with TLS 1.3 at ${address}`, {
    cause,
    hint: 'check the address, and that the server runs',
  })
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.setTimeout(FETCH_TIMEOUT_MS, () => socket.destroy(new Error('no TLS handshake in time')))
  })
}

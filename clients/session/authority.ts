/**
 * The way in which a client comes to trust a server: by its certificate authority, from a file or by its fingerprint,
 * and never from a connection that nothing vouches for.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SottoError } from '#lib/errors.ts'
import { fetchCertificateAuthority } from '#lib/runtime/tls.ts'

/** The port that Auth listens on unless the address says otherwise. */
export const DEFAULT_AUTH_PORT = 7001

export interface ServerOptions {
  /** `HOST:PORT` or `HOST`, and `#FINGERPRINT` behind it where the authority is known by that. */
  readonly server?: string | undefined
  /** `--ca`: a file with the authority's certificate. */
  readonly caFile?: string | undefined
  /** `--ca-fingerprint`: SHA-256 of that certificate, in hexadecimal digits. */
  readonly caFingerprint?: string | undefined
}

/** Auth's address, and the one authority that it must be vouched for by. */
export interface TrustedServer {
  /** `HOST:PORT`. */
  readonly authAddress: string
  readonly authorityPem: string
  /** The realm of its installation, where an earlier login has learnt it. */
  readonly realm?: Uint8Array | undefined
}

/**
 * Find out whom to trust, by what the user said or, where that is nothing, by what the profile knows.
 *
 * @param known - From an earlier login.
 * @throws SottoError `ERR_USAGE` if the server or its authority is named nowhere, or twice; `ERR_CA_MISMATCH` if the
 *   server shows no certificate of that fingerprint, or the file holds none; `ERR_UNAVAILABLE`; the signal's reason.
 */
export async function findServer(
  options: ServerOptions,
  known: TrustedServer | undefined,
  signal?: AbortSignal,
): Promise<TrustedServer> {
  const { address, fingerprint } = parseServer(options.server ?? known?.authAddress)
  const fingerprints = [fingerprint, options.caFingerprint].filter((given) => given !== undefined)
  if (fingerprints.length + (options.caFile === undefined ? 0 : 1) > 1) {
    throw new SottoError('ERR_USAGE', 'the authority is named twice', { hint: 'give one of --ca and a fingerprint' })
  }
  const authorityPem = await findAuthority(address, fingerprints[0], options.caFile, known, signal)
  return { authAddress: address, authorityPem }
}

async function findAuthority(
  address: string,
  fingerprint: string | undefined,
  caFile: string | undefined,
  known: TrustedServer | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (fingerprint !== undefined) return fetchCertificateAuthority(address, fingerprint, signal)
  if (caFile !== undefined) return readAuthority(caFile)
  if (known !== undefined) return known.authorityPem
  throw new SottoError('ERR_USAGE', 'nothing says which certificate authority to trust', {
    hint: 'add --ca FILE, or --server HOST:PORT#FINGERPRINT; whoever runs the server has both',
  })
}

async function readAuthority(path: string): Promise<string> {
  const pem = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SottoError('ERR_CONFIG', `cannot read ${path}`, { cause, hint: 'check its path and permissions' })
  })
  try {
    // Parsed and written again, so that a key beside the certificate is not kept.
    return new X509Certificate(pem).toString()
  } catch (cause) {
    throw new SottoError('ERR_CA_MISMATCH', `there is no certificate in ${path}`, {
      cause,
      hint: 'it must be a PEM file; the server keeps its own as ca.pem',
    })
  }
}

/** A server as a person names it. */
export interface ServerName {
  /** `HOST:PORT`. */
  readonly address: string
  /** The fingerprint of its authority, as it was typed. */
  readonly fingerprint: string | undefined
}

const ADDRESS_EXAMPLES = 'such as chat.example:7001 or [2001:db8::7]:7001'

/** The parts of `HOST:PORT#FINGERPRINT`. @throws SottoError `ERR_USAGE`. */
export function parseServer(server: string | undefined): ServerName {
  if (server === undefined) {
    throw new SottoError('ERR_USAGE', 'no server is named', { hint: `add --server HOST:PORT, ${ADDRESS_EXAMPLES}` })
  }
  const [, host, port = String(DEFAULT_AUTH_PORT), fingerprint] =
    /^(\[[0-9a-f:.]+\]|[^:#[\]\s]+)(?::([^:#]*))?(?:#(.*))?$/i.exec(server) ?? []
  if (host === undefined) {
    throw new SottoError('ERR_USAGE', 'that is no address of a server', {
      hint: `it is HOST:PORT, ${ADDRESS_EXAMPLES}`,
    })
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new SottoError('ERR_USAGE', "the server's port is not a number from 1 to 65535", {
      hint: `it is what stands behind the colon, ${ADDRESS_EXAMPLES}; auth listens on ${DEFAULT_AUTH_PORT} unless set otherwise`,
    })
  }
  return { address: `${host}:${port}`, fingerprint }
}

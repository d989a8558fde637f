/**
 * The installation's own certificate authority and the certificates that it issues.
 *
 * EC P-256 with SHA-256. An authority lasts 10 years and signs leaves only. A leaf lasts a year, is good for both ends
 * of a connection, and is named by its role first, which is what callers check; the host's names and addresses beside it
 * serve tools that do not know of roles.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { SottoError } from '../errors.ts'
import type { Clock } from './clock.ts'
import { createFolderOnce } from './create-once.ts'
import { ensurePrivateDirectory, readFileIfPresent, writeFileAtomically } from './files.ts'
import type { CertificateAuthority } from './issue-certificate.ts'
import type { CertificateChain, Role } from './tls.ts'

/** The authority's certificate, in its own folder and beside each leaf. Not secret: clients are given it. */
export const AUTHORITY_FILE = 'ca.pem'
const AUTHORITY_KEY_FILE = 'ca.key'
/** A leaf's key, its certificate and the authority's, in one file so that they are replaced together. */
const LEAF_FILE = 'leaf.pem'

const PUBLIC_FILE_MODE = 0o644

const DAY_MS = 86_400_000
/** A start renews a leaf that has less than this left, so a service may run for half a year without one. */
const RENEWAL_DAYS = 182

/** The last label of every role. No host has it, so no host's name can be taken for a role. */
const ROLE_SUFFIX = '.sotto'

/**
 * The authority kept in a folder, made at first use. Of several processes that begin at once, one makes it.
 *
 * @throws SottoError `ERR_STORE` if one of its two files is missing or does not fit the other.
 */
export async function ensureCertificateAuthority(folder: string, clock: Clock): Promise<CertificateAuthority> {
  const found = await loadAuthority(folder)
  if (found !== undefined) return found
  const { issueAuthority } = await import('./issue-certificate.ts')
  const made = await issueAuthority(clock)
  const isOurs = await createFolderOnce(folder, [
    { name: AUTHORITY_KEY_FILE, content: made.keyPem },
    { name: AUTHORITY_FILE, content: made.certificatePem, mode: PUBLIC_FILE_MODE },
  ])
  const authority = isOurs ? made : await loadAuthority(folder)
  if (authority === undefined) throw damaged(folder, AUTHORITY_FILE)
  return authority
}

/**
 * The authority kept in a folder; undefined where there is none.
 *
 * @throws SottoError `ERR_STORE` if one of its two files is missing or does not fit the other.
 */
export async function loadAuthority(folder: string): Promise<CertificateAuthority | undefined> {
  const readBoth = () => Promise.all([AUTHORITY_FILE, AUTHORITY_KEY_FILE].map((name) => readText(join(folder, name))))
  let [certificatePem, keyPem] = await readBoth()
  // Another process may have put the folder there between the one look and the other.
  if ((certificatePem === undefined) !== (keyPem === undefined)) [certificatePem, keyPem] = await readBoth()
  if (certificatePem === undefined && keyPem === undefined) return undefined
  if (certificatePem === undefined) throw damaged(folder, AUTHORITY_FILE)
  if (keyPem === undefined) throw damaged(folder, AUTHORITY_KEY_FILE)
  if (!belongTogether(certificatePem, keyPem)) throw damaged(folder, `${AUTHORITY_FILE} and ${AUTHORITY_KEY_FILE}`)
  return { certificatePem, keyPem }
}

export interface LeafOptions {
  readonly folder: string
  readonly authority: CertificateAuthority
  readonly role: Role
  /** The names beside the role: {@link hostNames} and what the operator adds. Names or IP literals. */
  readonly names: readonly string[]
  readonly clock: Clock
}

/**
 * The leaf kept in a folder, made at first use and made anew where its names, its authority or its end ask for it.
 *
 * @throws SottoError `ERR_CONFIG` for a name that ends like a role; `ERR_STORE` if the leaf that is there cannot be read.
 */
export async function ensureLeaf({ folder, authority, role, names, clock }: LeafOptions): Promise<CertificateChain> {
  const wanted = [role, ...new Set(names)] as const
  const pretender = wanted.find((name) => name !== role && name.endsWith(ROLE_SUFFIX))
  if (pretender !== undefined) {
    throw new SottoError('ERR_CONFIG', `a certificate cannot name ${pretender}`, {
      hint: `names that end in ${ROLE_SUFFIX} are for the services themselves`,
    })
  }
  const kept = splitLeaf(await readText(join(folder, LEAF_FILE)))
  if (kept !== undefined && isGood(kept, authority, wanted, clock)) return kept
  const { issueLeaf } = await import('./issue-certificate.ts')
  const made = await issueLeaf(authority, wanted, clock)
  await ensurePrivateDirectory(folder)
  await writeFileAtomically(join(folder, AUTHORITY_FILE), authority.certificatePem, PUBLIC_FILE_MODE)
  await writeFileAtomically(join(folder, LEAF_FILE), made.keyPem + made.certificatesPem)
  return made
}

/**
 * The leaf and the authority's certificate from a folder that {@link ensureLeaf} filled, perhaps in another process.
 *
 * @throws SottoError `ERR_STORE` if it is not there (yet) or cannot be read.
 */
export async function loadLeaf(folder: string): Promise<{ certificate: CertificateChain; authorityPem: string }> {
  const certificate = splitLeaf(await readText(join(folder, LEAF_FILE)))
  const [, authorityPem] = certificate?.certificatesPem.match(PEM_CERTIFICATE) ?? []
  if (certificate === undefined || authorityPem === undefined) throw damaged(folder, LEAF_FILE)
  return { certificate, authorityPem: `${authorityPem}\n` }
}

/** localhost, this machine's name, and its addresses that others can reach. */
export function hostNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const reachable = addresses.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  const name = hostname().toLowerCase()
  const named = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) && !name.endsWith(ROLE_SUFFIX) ? [name] : []
  return ['localhost', '127.0.0.1', '::1', ...named, ...reachable.map(({ address }) => address)]
}

const PEM_KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function splitLeaf(text: string | undefined): CertificateChain | undefined {
  const [keyPem] = text?.match(PEM_KEY) ?? []
  const certificates = text?.match(PEM_CERTIFICATE)
  if (keyPem === undefined || certificates?.length !== 2) return undefined
  return { keyPem: `${keyPem}\n`, certificatesPem: `${certificates.join('\n')}\n` }
}

function isGood(
  { certificatesPem, keyPem }: CertificateChain,
  authority: CertificateAuthority,
  names: readonly string[],
  clock: Clock,
): boolean {
  try {
    const leaf = new X509Certificate(certificatesPem)
    const nowMs = clock.now().getTime()
    return (
      leaf.verify(new X509Certificate(authority.certificatePem).publicKey) &&
      belongTogether(certificatesPem, keyPem) &&
      leaf.validFromDate.getTime() <= nowMs &&
      leaf.validToDate.getTime() - nowMs > RENEWAL_DAYS * DAY_MS &&
      hasExactly(leaf, names)
    )
  } catch {
    return false
  }
}

/** Node prints addresses in a form of its own, so each is asked for; the count tells of names that went away. */
function hasExactly(leaf: X509Certificate, names: readonly string[]): boolean {
  const count = leaf.subjectAltName?.split(', ').length
  return count === names.length && names.every((name) => (isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name)))
}

function belongTogether(certificatePem: string, keyPem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem))
  } catch {
    return false
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFileIfPresent(path))?.toString('utf8')
  } catch (cause) {
    throw new SottoError('ERR_STORE', `cannot read ${path}`, { cause, hint: 'check its permissions' })
  }
}

function damaged(folder: string, what: string): SottoError {
  return new SottoError('ERR_STORE', `${what} in ${folder} is missing or damaged`, {
    hint: 'restore the folder from a backup; an empty folder begins a new installation that no client trusts yet',
  })
}

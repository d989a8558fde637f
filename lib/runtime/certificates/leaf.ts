/**
 * The certificates that the authority issues, each in a folder of its own.
 *
 * A leaf lasts a year, is good for both ends of a connection, and is named by its role first, which is what callers
 * check; the host's names and addresses beside it serve tools that do not know of roles.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { SottoError } from '../../errors.ts'
import type { Clock } from '../clock.ts'
import { ensurePrivateDirectory, PRIVATE_FILE_MODE, writeFileAtomically } from '../files.ts'
import type { CertificateChain, Role } from '../tls.ts'
import { AUTHORITY_FILE, belongTogether, damaged, PUBLIC_FILE_MODE, privateKeyIn, readText } from './authority.ts'
import { certificatesIn, ownCertificates } from './chain.ts'
import type { CertificateAuthority } from './issue.ts'
import { BACKDATED_MS, RENEWAL_DAYS } from './lifetimes.ts'

/** A leaf's key, its certificate and the authority's, in one file so that they are replaced together. */
const LEAF_FILE = 'leaf.pem'

/** The bit by which a group may read. */
const GROUP_READS = 0o040

const DAY_MS = 86_400_000

/** The last label of every role. No host has it, so no host's name can be taken for a role. */
const ROLE_SUFFIX = '.sotto'

export interface LeafOptions {
  readonly folder: string
  readonly authority: CertificateAuthority
  readonly role: Role
  /** The names beside the role: {@link hostNames} and what the operator adds. Names or IP literals. */
  readonly names: readonly string[]
  /** Leaves from before that time are made anew: {@link newLeavesSince}. 0 unless set. */
  readonly sinceMs?: number
  readonly clock: Clock
}

/** A leaf as a service uses it, and what it trusts others by. */
export interface LoadedLeaf {
  readonly certificate: CertificateChain
  /** The own certificates of the authority, and of those before it. */
  readonly authoritiesPem: string
}

/**
 * The leaf kept in a folder, made at first use and made anew where its names, its authority or its end ask for it.
 *
 * @throws SottoError `ERR_CONFIG` for a name that ends like a role; `ERR_STORE` if the leaf that is there cannot be read.
 */
export async function ensureLeaf(options: LeafOptions): Promise<CertificateChain> {
  const { folder, role, names } = options
  const wanted = [role, ...new Set(names)] as const
  const pretender = wanted.find((name) => name !== role && name.endsWith(ROLE_SUFFIX))
  if (pretender !== undefined) {
    throw new SottoError('ERR_CONFIG', `a certificate cannot name ${pretender}`, {
      hint: `names that end in ${ROLE_SUFFIX} are for the services themselves`,
    })
  }
  const kept = splitLeaf(await readText(join(folder, LEAF_FILE)))
  if (kept !== undefined && isGood(kept, options) && hasExactly(kept, wanted)) return kept
  return await writeLeaf(options, wanted)
}

/**
 * The leaf kept in a folder, made anew where its authority or its end ask for it, and not for its names: several
 * processes may each have names of their own, and would replace each other's without end.
 *
 * @throws SottoError `ERR_STORE` if it cannot be read or written.
 */
export async function renewLeaf(options: LeafOptions): Promise<CertificateChain> {
  const { folder, role, names } = options
  const kept = splitLeaf(await readText(join(folder, LEAF_FILE)))
  if (kept !== undefined && isGood(kept, options)) return kept
  return await writeLeaf(options, [role, ...new Set(names)])
}

async function writeLeaf(
  { folder, authority, clock }: LeafOptions,
  names: readonly [role: Role, ...string[]],
): Promise<CertificateChain> {
  const { issueLeaf } = await import('./issue.ts')
  const made = await issueLeaf(authority, names, clock)
  await ensurePrivateDirectory(folder)
  await writeFileAtomically(join(folder, AUTHORITY_FILE), authority.certificatesPem, PUBLIC_FILE_MODE)
  await writeFileAtomically(join(folder, LEAF_FILE), made.keyPem + made.certificatesPem, await leafModeIn(folder))
  return made
}

/**
 * Who may read a leaf with its key: the owner alone, and the group where it may read the folder, as it is made for a
 * service that runs as another user.
 */
async function leafModeIn(folder: string): Promise<number> {
  const { mode } = await stat(folder)
  return (mode & GROUP_READS) === 0 ? PRIVATE_FILE_MODE : PRIVATE_FILE_MODE | GROUP_READS
}

/**
 * The leaf and the authorities' certificates from a folder that {@link ensureLeaf} filled, perhaps in another process.
 *
 * @throws SottoError `ERR_STORE` if it is not there (yet) or cannot be read.
 */
export async function loadLeaf(folder: string): Promise<LoadedLeaf> {
  const certificate = splitLeaf(await readText(join(folder, LEAF_FILE)))
  if (certificate === undefined) throw damaged(folder, LEAF_FILE)
  const [, ...authorities] = certificatesIn(certificate.certificatesPem)
  return { certificate, authoritiesPem: ownCertificates(authorities.join('')) }
}

/** localhost, this machine's name, and its addresses that others can reach. */
export function hostNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const reachable = addresses.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  const name = hostname().toLowerCase()
  const named = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) && !name.endsWith(ROLE_SUFFIX) ? [name] : []
  return ['localhost', '127.0.0.1', '::1', ...named, ...reachable.map(({ address }) => address)]
}

function splitLeaf(text: string | undefined): CertificateChain | undefined {
  const keyPem = text === undefined ? undefined : privateKeyIn(text)
  const certificates = text === undefined ? [] : certificatesIn(text)
  if (keyPem === undefined || certificates.length < 2) return undefined
  return { keyPem, certificatesPem: certificates.join('') }
}

function isGood({ certificatesPem, keyPem }: CertificateChain, options: LeafOptions): boolean {
  const { authority, clock, sinceMs = 0 } = options
  try {
    const leaf = new X509Certificate(certificatesPem)
    const nowMs = clock.now().getTime()
    return (
      isIssuedBy(leaf, certificatesPem, authority) &&
      belongTogether(certificatesPem, keyPem) &&
      leaf.validFromDate.getTime() <= nowMs &&
      // Its first moment is in whole seconds.
      leaf.validFromDate.getTime() + BACKDATED_MS + 1_000 > sinceMs &&
      leaf.validToDate.getTime() - nowMs > RENEWAL_DAYS * DAY_MS
    )
  } catch {
    return false
  }
}

/** Whether a leaf is by this authority, or by a later one, of which this copy of its folder does not know yet. */
function isIssuedBy(leaf: X509Certificate, shownPem: string, authority: CertificateAuthority): boolean {
  const own = new X509Certificate(authority.certificatesPem)
  const [newest = '', ...earlier] = certificatesIn(ownCertificates(shownPem))
  const isLater = earlier.some((pem) => new X509Certificate(pem).fingerprint256 === own.fingerprint256)
  return leaf.verify(isLater ? new X509Certificate(newest).publicKey : own.publicKey)
}

/** Node prints addresses in a form of its own, so each is asked for; the count tells of names that went away. */
function hasExactly({ certificatesPem }: CertificateChain, names: readonly string[]): boolean {
  const leaf = new X509Certificate(certificatesPem)
  const count = leaf.subjectAltName?.split(', ').length
  return count === names.length && names.every((name) => (isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name)))
}

/**
 * The installation's own certificate authority, in a folder.
 *
 * EC P-256 with SHA-256, for 10 years. The first one's key names the installation; each one after it is signed by the
 * one before (chain.ts).
 *
 * `ca.key` holds the key, and since a rotation the certificates behind it, so that one rename replaces both. `ca.pem` is
 * then a copy of these, for people; an older copy is as good, since it is followed to the newest.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { SottoError } from '../../errors.ts'
import type { Clock } from '../clock.ts'
import { createFolderOnce } from '../create-once.ts'
import { readFileIfPresent, writeFileAtomically } from '../files.ts'
import { certificatesIn, MAX_AUTHORITY_CERTIFICATES } from './chain.ts'
import type { CertificateAuthority } from './issue.ts'

/** The authority's certificates, in its own folder and beside each leaf. Not secret: clients are given it. */
export const AUTHORITY_FILE = 'ca.pem'
const AUTHORITY_KEY_FILE = 'ca.key'
/** Its time of change is that from which on leaves have to be new. */
const RENEWAL_FILE = 'renew-leaves'

export const PUBLIC_FILE_MODE = 0o644

/**
 * The authority kept in a folder, made at first use. Of several processes that begin at once, one makes it.
 *
 * @throws SottoError `ERR_STORE` if one of its two files is missing or does not fit the other.
 */
export async function ensureCertificateAuthority(folder: string, clock: Clock): Promise<CertificateAuthority> {
  const found = await loadAuthority(folder)
  if (found !== undefined) return found
  const { issueAuthority } = await import('./issue.ts')
  const made = await issueAuthority(clock)
  const isOurs = await createFolderOnce(folder, [
    { name: AUTHORITY_KEY_FILE, content: made.keyPem },
    { name: AUTHORITY_FILE, content: made.certificatesPem, mode: PUBLIC_FILE_MODE },
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
  let [publicText, keyText] = await readBoth()
  // Another process may have put the folder there between the one look and the other.
  if ((publicText === undefined) !== (keyText === undefined)) [publicText, keyText] = await readBoth()
  if (publicText === undefined && keyText === undefined) return undefined
  if (publicText === undefined) throw damaged(folder, AUTHORITY_FILE)
  if (keyText === undefined) throw damaged(folder, AUTHORITY_KEY_FILE)
  const keyPem = privateKeyIn(keyText)
  const behindKey = certificatesIn(keyText)
  const certificates = behindKey.length > 0 ? behindKey : certificatesIn(publicText)
  if (keyPem === undefined || !belongTogether(certificates[0], keyPem)) {
    throw damaged(folder, `${AUTHORITY_FILE} and ${AUTHORITY_KEY_FILE}`)
  }
  return { certificatesPem: certificates.join(''), keyPem }
}

/**
 * Put the next authority in the place of one, which signs for it and whose key is then gone. To be called by one process
 * at a time; a crash leaves the one or the other.
 *
 * @throws SottoError `ERR_CONFIG` if the present one can sign no other, or too many came before it; `ERR_STORE` if there
 *   is none, or it cannot be written.
 */
export async function replaceAuthority(folder: string, clock: Clock): Promise<CertificateAuthority> {
  const present = await loadAuthority(folder)
  if (present === undefined) throw damaged(folder, AUTHORITY_FILE)
  if (certificatesIn(present.certificatesPem).length >= MAX_AUTHORITY_CERTIFICATES) {
    throw new SottoError('ERR_CONFIG', 'the authority has been replaced as often as it may be', {
      hint: 'begin anew, as by sotto admin init --new-authority; everybody then needs a new link',
    })
  }
  const { issueSuccessor } = await import('./issue.ts')
  const next = await issueSuccessor(present, clock)
  await writeFileAtomically(join(folder, AUTHORITY_KEY_FILE), next.keyPem + next.certificatesPem)
  await writeFileAtomically(join(folder, AUTHORITY_FILE), next.certificatesPem, PUBLIC_FILE_MODE)
  return next
}

/** Have every leaf by the authority of a folder made anew, by the processes that keep them. */
export async function askForNewLeaves(folder: string, clock: Clock): Promise<void> {
  await writeFileAtomically(join(folder, RENEWAL_FILE), `${clock.now().toISOString()}\n`, PUBLIC_FILE_MODE)
}

/** The time before which leaves were made that have to be made anew, in milliseconds since 1970; 0 for none. */
export async function newLeavesSince(folder: string): Promise<number> {
  const atMs = Date.parse((await readText(join(folder, RENEWAL_FILE)))?.trim() ?? '')
  return Number.isNaN(atMs) ? 0 : atMs
}

const PEM_KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/

/** The private key in a PEM text. */
export function privateKeyIn(text: string): string | undefined {
  const [keyPem] = text.match(PEM_KEY) ?? []
  return keyPem === undefined ? undefined : `${keyPem}\n`
}

/** Whether a private key is that of a certificate, the first of a PEM text. */
export function belongTogether(certificatePem: string | undefined, keyPem: string): boolean {
  try {
    return new X509Certificate(certificatePem ?? '').checkPrivateKey(createPrivateKey(keyPem))
  } catch {
    return false
  }
}

/** A file's text; undefined where there is none. @throws SottoError `ERR_STORE` if it cannot be read. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFileIfPresent(path))?.toString('utf8')
  } catch (cause) {
    throw new SottoError('ERR_STORE', `cannot read ${path}`, { cause, hint: 'check its permissions' })
  }
}

/** What a folder of certificates lacks. */
export function damaged(folder: string, what: string): SottoError {
  return new SottoError('ERR_STORE', `${what} in ${folder} is missing or damaged`, {
    hint: 'restore the folder from a backup; an empty folder begins a new installation that no client trusts yet',
  })
}

/**
 * The installation's certificates: the authority and the leaves of Auth's two servers, and those of the directory and the
 * relay, put where they find them. All are made at the first start, and replaced while Auth runs.
 *
 * @module
 */
import { join } from 'node:path'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { ensureCertificateAuthority, loadAuthority, newLeavesSince } from '#lib/runtime/certificates/authority.ts'
import { firstAuthorityOf, ownCertificates } from '#lib/runtime/certificates/chain.ts'
import type { CertificateAuthority } from '#lib/runtime/certificates/issue.ts'
import { ensureLeaf, hostNames, type LeafOptions, loadLeaf, renewLeaf } from '#lib/runtime/certificates/leaf.ts'
import { type CertificateEnd, EndWarnings, endOf } from '#lib/runtime/certificates/lifetimes.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { repeatedly } from '#lib/runtime/repeatedly.ts'
import type { CertificateChain, Role } from '#lib/runtime/tls.ts'
import type { Config } from '../config.ts'
import { noSharedKeys } from '../errors.ts'

/** How often the files are looked at, in milliseconds: a rotation is in use everywhere in twice that. */
export const RELOAD_MS = 5_000

type CertificateConfig = Pick<
  Config,
  'authorityFolder' | 'dataFolder' | 'database' | 'directoryTlsFolder' | 'relayTlsFolder' | 'names'
>

export interface Certificates {
  /** The authority's certificates, the newest first: what clients trust, and are given to follow. */
  readonly authoritiesPem: string
  /** The certificate chain of AuthService. */
  readonly auth: CertificateChain
  /** The certificate chain of SealingService. */
  readonly sealing: CertificateChain
  /** The certificate chain that the directory has. */
  readonly directory: CertificateChain
  /** The certificate chain that the relay has; undefined where there is none. */
  readonly relay: CertificateChain | undefined
}

/**
 * Read the authority's certificate of an installation that is there, and touch nothing.
 *
 * @throws SottoError `ERR_STORE` if it is not there or cannot be read.
 */
export async function readAuthorityCertificate({ dataFolder }: Pick<Config, 'dataFolder'>): Promise<string> {
  return (await loadLeaf(join(dataFolder, 'tls'))).authoritiesPem
}

/**
 * Load what is there, make what is not. The directory and the relay get their leaf and the authority's certificate, never
 * the authority's key, which stays in Auth's own folder.
 *
 * @throws SottoError `ERR_STORE` if a file cannot be read or written; `ERR_CONFIG` if the authority is missing that is
 *   shared with others at one PostgreSQL, or a folder of the directory's or the relay's lets Auth write nothing.
 */
export async function ensureCertificates(config: CertificateConfig, clock: Clock): Promise<Certificates> {
  const { authorityFolder, database } = config
  // An authority that a replica made by itself would be another than that of the others.
  if (database.kind === 'postgres') await requireAuthority(authorityFolder)
  const authority = await ensureCertificateAuthority(authorityFolder, clock)
  return await leavesBy(ensureLeaf, authority, config, clock)
}

async function requireAuthority(folder: string): Promise<CertificateAuthority> {
  const found = await loadAuthority(folder)
  if (found === undefined) throw noSharedKeys(folder)
  return found
}

async function leavesBy(
  make: (options: LeafOptions) => Promise<CertificateChain>,
  authority: CertificateAuthority,
  { authorityFolder, dataFolder, directoryTlsFolder, relayTlsFolder, names: addedNames }: CertificateConfig,
  clock: Clock,
): Promise<Certificates> {
  const names = [...hostNames(), ...addedNames]
  const sinceMs = await newLeavesSince(authorityFolder)
  const leafIn = (folder: string, role: Role) => make({ folder, authority, role, names, sinceMs, clock })
  const leafFor = (folder: string, other: Other) =>
    leafIn(folder, `${other}.sotto`).catch((error: unknown) => {
      throw isSottoError(error, 'ERR_CONFIG') ? error : cannotLeave(other, folder, error)
    })
  return {
    authoritiesPem: authority.certificatesPem,
    auth: await leafIn(join(dataFolder, 'tls'), 'auth.sotto'),
    sealing: await leafIn(join(dataFolder, 'sealing-tls'), 'sealing.sotto'),
    directory: await leafFor(directoryTlsFolder, 'directory'),
    relay: relayTlsFolder === undefined ? undefined : await leafFor(relayTlsFolder, 'relay'),
  }
}

/** A service that finds its certificate in a folder of its own. */
type Other = 'directory' | 'relay'

/** What a host reads who has come from a version without a relay, and whose Auth may make no folder for it. */
function cannotLeave(other: Other, folder: string, cause: unknown): SottoError {
  const elsewhere = `let auth write there, or name another folder in SOTTO_${other.toUpperCase()}_TLS, for both alike`
  return new SottoError('ERR_CONFIG', `auth cannot leave the certificate of the ${other} in ${folder}`, {
    cause,
    hint: other === 'relay' ? `${elsewhere}; or have no relay, by SOTTO_RELAY=off` : elsewhere,
  })
}

export interface CertificateRenewal {
  readonly config: CertificateConfig
  /** Those that are in use at first. */
  readonly certificates: Certificates
  readonly clock: Clock
  readonly log: Logger
  /** {@link RELOAD_MS} unless set. */
  readonly intervalMs?: number | undefined
  /** Called with others that are to be used from now on. */
  readonly onChange: (certificates: Certificates) => void
  /**
   * Called with the authorities that clients are to be told of, {@link LOOKS_BEFORE_TOLD} looks later: a client that
   * trusts the new one at once would refuse a directory, or another Auth, that has not looked since.
   */
  readonly onAuthorities: (authoritiesPem: string) => void
}

const LOOKS_BEFORE_TOLD = 3

/**
 * Look at the files again and again: follow an authority that was replaced, renew leaves that end or are asked for, and
 * warn of what ends soon. Where a file cannot be used, everything stays as it is, which is said once.
 *
 * @returns a function that ends it, once a look that may be going on is over.
 */
export function keepCertificates(renewal: CertificateRenewal): () => Promise<void> {
  const { config, clock, log, intervalMs = RELOAD_MS, onChange, onAuthorities } = renewal
  const warnings = new EndWarnings(clock, log)
  let current = renewal.certificates
  const first = firstAuthorityOf(current.authoritiesPem)
  let isFailing = false
  let telling: NodeJS.Timeout | undefined

  function tellLater(authoritiesPem: string): void {
    clearTimeout(telling)
    telling = setTimeout(() => {
      onAuthorities(authoritiesPem)
      log.info('clients are told of a new authority')
    }, LOOKS_BEFORE_TOLD * intervalMs)
  }

  async function look(): Promise<void> {
    try {
      const authority = await requireAuthority(config.authorityFolder)
      if (firstAuthorityOf(authority.certificatesPem) !== first) throw ofAnotherInstallation(config.authorityFolder)
      const found = await leavesBy(renewLeaf, authority, config, clock)
      if (isFailing) log.info('the certificates can be used again')
      isFailing = false
      if (textOf(found) !== textOf(current)) {
        if (found.authoritiesPem !== current.authoritiesPem) tellLater(found.authoritiesPem)
        current = found
        onChange(found)
        log.info({ endsAt: endOf(found.auth.certificatesPem) }, 'new certificates')
      }
    } catch (error) {
      if (!isFailing)
        log.error({ err: error }, 'the certificates cannot be read or renewed: those of before stay in use')
      isFailing = true
    }
    warnings.check(endsOf(current))
  }

  warnings.check(endsOf(current))
  const endLooking = repeatedly(look, intervalMs)
  return async () => {
    await endLooking()
    clearTimeout(telling)
  }
}

function textOf({ authoritiesPem, auth, sealing, directory, relay }: Certificates): string {
  return [authoritiesPem, auth, sealing, directory, ...(relay ? [relay] : [])]
    .map((each) => (typeof each === 'string' ? each : each.certificatesPem))
    .join('')
}

function ofAnotherInstallation(folder: string): SottoError {
  return new SottoError('ERR_CONFIG', `the authority in ${folder} is of another installation than that of the start`, {
    hint: 'put the folder back, or start auth again if it is meant to belong to another',
  })
}

/** The ends of all that Auth keeps. */
function endsOf({ authoritiesPem, auth, sealing, directory, relay }: Certificates): CertificateEnd[] {
  return [
    { what: 'authority', endsAt: endOf(authoritiesPem) },
    { what: 'auth', endsAt: endOf(auth.certificatesPem) },
    { what: 'sealing', endsAt: endOf(sealing.certificatesPem) },
    { what: 'directory', endsAt: endOf(directory.certificatesPem) },
    ...(relay ? [{ what: 'relay', endsAt: endOf(relay.certificatesPem) } as const] : []),
  ]
}

/** What SealingService trusts the directory and the relay by: a leaf of theirs may be of an authority that was replaced since. */
export function trustedBySealing({ authoritiesPem }: Certificates): string {
  return ownCertificates(authoritiesPem)
}

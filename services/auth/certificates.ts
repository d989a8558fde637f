/**
 * The installation's certificates: the authority and the leaves of Auth's two servers, and the directory's leaf, put
 * where the directory finds it. All are made at the first start.
 *
 * @module
 */
import { join } from 'node:path'
import {
  ensureCertificateAuthority,
  ensureLeaf,
  hostNames,
  loadAuthority,
  loadLeaf,
} from '#lib/runtime/certificate-authority.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { type CertificateChain, type Role, realmOf } from '#lib/runtime/tls.ts'
import type { Config } from './config.ts'
import { noSharedKeys } from './errors.ts'

export interface Certificates {
  /** The authority's certificate: what clients trust. */
  readonly authorityPem: string
  /** SHA-256 of the authority's public key, 32 bytes. */
  readonly realm: Uint8Array
  /** The certificate chain of AuthService. */
  readonly auth: CertificateChain
  /** The certificate chain of SealingService. */
  readonly sealing: CertificateChain
}

/**
 * Read the authority's certificate of an installation that is there, and touch nothing.
 *
 * @throws SottoError `ERR_STORE` if it is not there or cannot be read.
 */
export async function readAuthorityCertificate({ dataFolder }: Pick<Config, 'dataFolder'>): Promise<string> {
  return (await loadLeaf(join(dataFolder, 'tls'))).authorityPem
}

/**
 * Load what is there, make what is not. The directory gets its leaf and the authority's certificate, never the
 * authority's key, which stays in Auth's own folder.
 *
 * @throws SottoError `ERR_STORE` if a file cannot be read or written; `ERR_CONFIG` if the authority is missing that is
 *   shared with others at one PostgreSQL.
 */
export async function ensureCertificates(
  config: Pick<Config, 'authorityFolder' | 'dataFolder' | 'database' | 'directoryTlsFolder' | 'names'>,
  clock: Clock,
): Promise<Certificates> {
  const { authorityFolder, dataFolder, directoryTlsFolder, names: addedNames } = config
  // An authority that a replica made by itself would be another than that of the others.
  if (config.database.kind === 'postgres') await requireAuthority(authorityFolder)
  const authority = await ensureCertificateAuthority(authorityFolder, clock)
  const names = [...hostNames(), ...addedNames]
  const leafIn = (folder: string, role: Role) => ensureLeaf({ folder, authority, role, names, clock })
  const auth = await leafIn(join(dataFolder, 'tls'), 'auth.sotto')
  const sealing = await leafIn(join(dataFolder, 'sealing-tls'), 'sealing.sotto')
  await leafIn(directoryTlsFolder, 'directory.sotto')
  return { authorityPem: authority.certificatePem, realm: realmOf(authority.certificatePem), auth, sealing }
}

async function requireAuthority(folder: string): Promise<void> {
  if ((await loadAuthority(folder)) === undefined) throw noSharedKeys(folder)
}

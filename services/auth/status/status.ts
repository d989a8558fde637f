/**
 * How an installation does, as its database and its files tell, whether Auth runs or not.
 *
 * @module
 */
import { join } from 'node:path'
import { sql } from 'kysely'
import { loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import { endOf } from '#lib/runtime/certificates/lifetimes.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { databaseBytes } from '#lib/runtime/database/dialect.ts'
import { inSnapshot } from '#lib/runtime/database/queries.ts'
import { withDatabase } from '../admin.ts'
import { auditHead } from '../audit/audit-log.ts'
import type { Config } from '../config.ts'
import { requireAuthorityOf } from '../installation.ts'
import { openInvites } from '../invites/invites.ts'

export interface InstallationStatus {
  readonly accounts: number
  /** How many of them are disabled. */
  readonly disabled: number
  /** How many of them have a second factor. */
  readonly withSecondFactor: number
  /** Sessions that have not ended. */
  readonly sessions: number
  /** Invites that can be taken up. */
  readonly openInvites: number
  /** Entries of the audit log. */
  readonly auditEntries: number
  readonly database: { readonly kind: Config['database']['kind']; readonly bytes: number }
}

/** The ends of the certificates of an installation. */
export interface CertificateEnds {
  /** Of Auth's own, which is made anew in the second half of its year. */
  readonly auth: Date
  readonly authority: Date
}

/**
 * Count what the database has, at one moment.
 *
 * @throws SottoError `ERR_CONFIG` if there is no installation; `ERR_STORE` if the database cannot be read, is of another
 *   version, or its authority is gone; `ERR_UNAVAILABLE` if PostgreSQL does not answer.
 */
export async function installationStatus(
  config: Pick<Config, 'authorityFolder' | 'database' | 'dataFolder'>,
  clock: Clock,
): Promise<InstallationStatus> {
  const nowMs = clock.now().getTime()
  return await withDatabase(config, async (db) => {
    await requireAuthorityOf(db, config.authorityFolder)
    const bytes = await databaseBytes(db)
    return await inSnapshot(db, async (snapshot) => ({
      accounts: await countOf(snapshot.selectFrom('account').select(COUNT)),
      disabled: await countOf(snapshot.selectFrom('account').select(COUNT).where('disabled_at', 'is not', null)),
      withSecondFactor: await countOf(
        snapshot.selectFrom('second_factor').select(COUNT).where('state', '=', 'confirmed'),
      ),
      sessions: await countOf(snapshot.selectFrom('session').select(COUNT).where('expires_at', '>', nowMs)),
      openInvites: await countOf(openInvites(snapshot, nowMs).select(COUNT)),
      auditEntries: (await auditHead(snapshot)).number,
      database: { kind: config.database.kind, bytes },
    }))
  })
}

/** @throws SottoError `ERR_STORE` if they are not there or cannot be read. */
export async function certificateEnds({ dataFolder }: Pick<Config, 'dataFolder'>): Promise<CertificateEnds> {
  const { certificate, authoritiesPem } = await loadLeaf(join(dataFolder, 'tls'))
  return { auth: endOf(certificate.certificatesPem), authority: endOf(authoritiesPem) }
}

const COUNT = sql<number>`count(*)`.as('count')

async function countOf(query: { executeTakeFirstOrThrow(): Promise<{ count: number }> }): Promise<number> {
  return Number((await query.executeTakeFirstOrThrow()).count)
}

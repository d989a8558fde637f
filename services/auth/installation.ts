/**
 * What belongs together: a database, and the certificate authority whose realm its people trust.
 *
 * The database holds the realm from the first start on. So one of another installation is named, and so is one that is
 * gone, or an authority that is gone: neither is made anew in silence, which would have every client refuse the server,
 * or every account lost.
 *
 * @module
 */
import { access } from 'node:fs/promises'
import type { Kysely, Transaction } from 'kysely'
import { SottoError } from '#lib/errors.ts'
import { loadAuthority } from '#lib/runtime/certificates/authority.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import { type AuditAction, appendAudit, byHost, noteAudit } from './audit/audit-log.ts'
import type { Config } from './config.ts'
import { ensureWrappingKeys } from './keys/wrapping-key-file.ts'
import type { WrappingKeys } from './keys/wrapping-keys.ts'
import type { AuthSchema } from './store.ts'

/** The one row of its table. */
const ROW = 1

/**
 * Check, before the database is opened, that it is not one that was there and is gone.
 *
 * @throws SottoError `ERR_STORE` if there is an authority, and no file of the database.
 */
export async function requireDatabase({ authorityFolder, database }: Pick<Config, 'authorityFolder' | 'database'>) {
  if (database.kind !== 'sqlite' || (await loadAuthority(authorityFolder)) === undefined) return
  const isThere = await access(database.path).then(
    () => true,
    () => false,
  )
  if (isThere) return
  throw new SottoError('ERR_STORE', `the database ${database.path} is gone`, {
    hint: 'put it back, as by sotto admin restore; for a new installation, move the whole folder away',
  })
}

/**
 * Check that the authority of a database is there, unless there has never been one.
 *
 * @throws SottoError `ERR_STORE` if it is gone.
 */
export async function requireAuthorityOf(db: Kysely<AuthSchema>, authorityFolder: string): Promise<void> {
  if ((await realmOfDatabase(db)) === undefined || (await loadAuthority(authorityFolder)) !== undefined) return
  throw new SottoError('ERR_STORE', `the certificate authority is gone from ${authorityFolder}`, {
    hint: 'put the folder back; a new authority is one that nobody trusts yet, as by sotto admin init --new-authority',
  })
}

/**
 * Note that a database belongs to the authority of this realm.
 *
 * @param clock - Says when, if it is the first.
 * @throws SottoError `ERR_CONFIG` if it belongs to another.
 */
export async function claimDatabase(db: Kysely<AuthSchema>, realm: Uint8Array, clock: Clock): Promise<void> {
  await inTransaction(db, (transaction) => claim(transaction, { realm, clock, what: 'installation begun' }))
}

/** Have a database belong to another authority, of which no client knows yet. */
export async function reclaimDatabase(db: Kysely<AuthSchema>, realm: Uint8Array, clock: Clock): Promise<void> {
  await inTransaction(db, async (transaction) => {
    await transaction.deleteFrom('installation').execute()
    await claim(transaction, { realm, clock, what: 'new authority' })
  })
}

/**
 * Make a wrapping key where there is none, and write that into the audit log.
 *
 * @throws SottoError as {@link ensureWrappingKeys} does.
 */
export async function claimWrappingKeys(db: Kysely<AuthSchema>, path: string, clock: Clock): Promise<WrappingKeys> {
  const { keys, isNew } = await ensureWrappingKeys(path, clock)
  const detail = Buffer.from(keys.current.id).toString('hex')
  if (isNew) await noteAudit(db, byHost('wrapping key made', '', detail), clock.now().getTime())
  return keys
}

interface Claim {
  readonly realm: Uint8Array
  readonly clock: Clock
  readonly what: AuditAction
}

async function claim(transaction: Transaction<AuthSchema>, { realm, clock, what }: Claim): Promise<void> {
  const { numInsertedOrUpdatedRows: inserted = 0n } = await transaction
    .insertInto('installation')
    .values({ id: ROW, realm })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow()
  const kept = await realmOfDatabase(transaction)
  if (kept === undefined || Buffer.compare(kept, realm) !== 0) {
    throw new SottoError('ERR_CONFIG', 'the database is of another installation than the certificate authority', {
      hint: 'check the settings of both; the right ones were made together',
    })
  }
  const detail = `realm ${Buffer.from(realm).toString('hex')}`
  if (inserted > 0n) await appendAudit(transaction, [byHost(what, '', detail)], clock.now().getTime())
}

async function realmOfDatabase(db: Kysely<AuthSchema>): Promise<Uint8Array | undefined> {
  return (await db.selectFrom('installation').select('realm').executeTakeFirst())?.realm
}

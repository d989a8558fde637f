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
import type { Kysely } from 'kysely'
import { SottoError } from '#lib/errors.ts'
import { loadAuthority } from '#lib/runtime/certificate-authority.ts'
import type { Config } from './config.ts'
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
 * @throws SottoError `ERR_CONFIG` if it belongs to another.
 */
export async function claimDatabase(db: Kysely<AuthSchema>, realm: Uint8Array): Promise<void> {
  await db
    .insertInto('installation')
    .values({ id: ROW, realm })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  const kept = await realmOfDatabase(db)
  if (kept !== undefined && Buffer.compare(kept, realm) === 0) return
  throw new SottoError('ERR_CONFIG', 'the database is of another installation than the certificate authority', {
    hint: 'check the settings of both; the right ones were made together',
  })
}

/** Have a database belong to another authority, of which no client knows yet. */
export async function reclaimDatabase(db: Kysely<AuthSchema>, realm: Uint8Array): Promise<void> {
  await db.deleteFrom('installation').execute()
  await claimDatabase(db, realm)
}

async function realmOfDatabase(db: Kysely<AuthSchema>): Promise<Uint8Array | undefined> {
  return (await db.selectFrom('installation').select('realm').executeTakeFirst())?.realm
}

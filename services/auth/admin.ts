/**
 * The administration of accounts, on Auth's own database, whether Auth runs or not. It changes nothing but accounts,
 * and makes nothing if there is no installation (`ERR_CONFIG`).
 *
 * Only somebody who may read the database's files can do it, which is Auth's system user; there is no RPC for it.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { prepareDisplayName } from '#lib/display-name.ts'
import { SottoError } from '#lib/errors.ts'
import { ensureCertificateAuthority } from '#lib/runtime/certificates/authority.ts'
import { firstAuthorityOf } from '#lib/runtime/certificates/chain.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { openDatabase, openDatabaseBeside } from '#lib/runtime/database/database.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import type { Secret } from '#lib/secret.ts'
import { USERNAME } from '#lib/validation.ts'
import type { AccountSummary } from './accounts/account-list.ts'
import { Accounts, type NewAccount } from './accounts.ts'
import type { Config } from './config.ts'
import { noInstallation, noSuchUser } from './errors.ts'
import { claimDatabase, claimWrappingKeys, reclaimDatabase, requireAuthorityOf } from './installation.ts'
import { checkFree } from './invites/invites.ts'
import { MIGRATIONS } from './migrations.ts'
import { HashingQueue } from './passwords/hashing-queue.ts'
import { checkNewPassword } from './passwords/new-password.ts'
import { Passwords } from './passwords/passwords.ts'
import type { AuthSchema } from './store.ts'

/** The part of Auth's settings that the administration needs. */
export type AdminConfig = Pick<Config, 'database' | 'dataFolder' | 'password' | 'hashing'>

/**
 * Make what all replicas of Auth share, where it lacks: the tables, the certificate authority and the wrapping key. An
 * Auth on SQLite, which is alone, does that by itself at its first start.
 *
 * @param isNewAuthority - Whether an authority may be made for records that belonged to another.
 * @throws SottoError `ERR_STORE`, `ERR_CONFIG` if something that is there cannot be used.
 */
export async function initialise(
  { authorityFolder, database, wrappingKeyFile }: Pick<Config, 'authorityFolder' | 'database' | 'wrappingKeyFile'>,
  clock: Clock,
  isNewAuthority = false,
): Promise<void> {
  const db = await openDatabase<AuthSchema>(database, MIGRATIONS, { durability: 'disk' })
  try {
    if (!isNewAuthority) await requireAuthorityOf(db, authorityFolder)
    const realm = await realmIn(authorityFolder, clock)
    await (isNewAuthority ? reclaimDatabase : claimDatabase)(db, realm, clock)
    await claimWrappingKeys(db, wrappingKeyFile, clock)
  } finally {
    await db.destroy()
  }
}

async function realmIn(authorityFolder: string, clock: Clock): Promise<Uint8Array> {
  const { certificatesPem } = await ensureCertificateAuthority(authorityFolder, clock)
  return realmOf(firstAuthorityOf(certificatesPem))
}

/**
 * Check the names of accounts that are to be added, before anybody is asked for their passwords.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` that says which are no names, or come twice; `ERR_ACCOUNT_EXISTS` that says
 *   which are taken, or have an invite that waits; `ERR_STORE`.
 */
export async function checkNewNames(config: AdminConfig, clock: Clock, names: readonly string[]): Promise<void> {
  checkNames(names)
  const repeated = names.filter((name, index) => names.indexOf(name) !== index)
  if (repeated.length > 0) throw badNames('named twice', repeated, 'name each once')
  await withDatabase(config, (db) => checkFree(db, names, clock.now().getTime()))
}

/**
 * Add accounts, all of them or none.
 *
 * @param users - With names of 1 to 32 characters, `[a-z0-9][a-z0-9._-]*`, and passwords that are fit to be set.
 * @throws SottoError as {@link checkNewNames} and {@link checkNewPassword} do.
 */
export async function addUsers(config: AdminConfig, clock: Clock, users: readonly NewAccount[]): Promise<void> {
  await checkNewNames(
    config,
    clock,
    users.map(({ name }) => name),
  )
  for (const { name, password } of users) checkNewPassword(name, password)
  await withAccounts(config, clock, (accounts) => accounts.add(users))
}

/**
 * Check that there is an account, before anybody is asked for its password.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` if that is no name; `ERR_NO_SUCH_USER`; `ERR_STORE`.
 */
export async function checkUser(config: AdminConfig, clock: Clock, name: string): Promise<void> {
  checkNames([name])
  if (!(await withAccounts(config, clock, (accounts) => accounts.exists(name)))) throw noSuchUser()
}

/**
 * Give an account another password. All its sessions end; its identity key stays.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` if the name or the password cannot be; `ERR_NO_SUCH_USER`; `ERR_STORE`.
 */
export async function setPassword(config: AdminConfig, clock: Clock, name: string, password: Secret): Promise<void> {
  checkNames([name])
  checkNewPassword(name, password)
  await withAccounts(config, clock, (accounts) => accounts.setPassword(name, password))
}

/**
 * Disable an account, which ends its sessions and lets nobody sign in to it, or enable it.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` if the name is out of its limits; `ERR_NO_SUCH_USER`; `ERR_STORE`.
 */
export async function setDisabled(config: AdminConfig, clock: Clock, name: string, isDisabled: boolean): Promise<void> {
  checkNames([name])
  await withAccounts(config, clock, (accounts) => accounts.setDisabled(name, isDisabled))
}

/**
 * Say what people read beside a name; nothing, if that is empty.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` if the name or the text cannot be; `ERR_NO_SUCH_USER`; `ERR_STORE`.
 */
export async function setDisplayName(config: AdminConfig, clock: Clock, name: string, text: string): Promise<void> {
  checkNames([name])
  const displayName = prepareDisplayName(text)
  await withAccounts(config, clock, (accounts) => accounts.setDisplayName(name, displayName))
}

/**
 * Remove an account and end its sessions. An account that is given the same name later is another one, with another
 * identity key.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` if the name is out of its limits; `ERR_NO_SUCH_USER`; `ERR_STORE`.
 */
export async function removeUser(config: AdminConfig, clock: Clock, name: string): Promise<void> {
  checkNames([name])
  await withAccounts(config, clock, (accounts) => accounts.remove(name))
}

/**
 * All accounts, by name.
 *
 * @throws SottoError `ERR_STORE`.
 */
export async function listUsers(config: AdminConfig, clock: Clock): Promise<AccountSummary[]> {
  return await withAccounts(config, clock, (accounts) => accounts.list())
}

/** Refuse invalid names, all of them in one error. @throws SottoError `ERR_INVALID_ARGUMENT`. */
export function checkNames(names: readonly string[]): void {
  const wrong = names.filter((name) => !USERNAME.test(name))
  const limit = 'a name is 1 to 32 of a-z, 0-9, ".", "_" and "-", and begins with a letter or a digit'
  if (wrong.length > 0) throw badNames('no name for an account', wrong, limit)
}

function badNames(what: string, names: readonly string[], hint: string): SottoError {
  return new SottoError('ERR_INVALID_ARGUMENT', `${what}: ${names.map((name) => JSON.stringify(name)).join(', ')}`, {
    hint,
    violations: names.map(() => ({ field: 'username', description: hint })),
  })
}

async function withAccounts<T>(config: AdminConfig, clock: Clock, use: (accounts: Accounts) => Promise<T>): Promise<T> {
  return await withDatabase(config, async (db) => {
    const passwords = new Passwords(config.password, new HashingQueue(config.hashing))
    return await use(new Accounts(db, passwords, () => clock.now().getTime()))
  })
}

/**
 * Work with Auth's database, beside Auth if it runs.
 *
 * @throws SottoError `ERR_CONFIG` if there is no installation; `ERR_STORE`.
 */
export async function withDatabase<T>(
  { database, dataFolder }: Pick<Config, 'database' | 'dataFolder'>,
  use: (db: Kysely<AuthSchema>) => Promise<T>,
): Promise<T> {
  const db = await openDatabaseBeside<AuthSchema>(database, MIGRATIONS)
  if (db === undefined) throw noInstallation(dataFolder)
  try {
    return await use(db)
  } finally {
    await db.destroy()
  }
}

/**
 * What an administrator does to accounts, on Auth's own database, beside a running Auth or while it is stopped. Nothing
 * but accounts is touched, and where there is no installation (`ERR_CONFIG`) nothing is made.
 *
 * Only who may read the database's files can do it, which is Auth's system user; there is no RPC for it.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'
import { openSqliteBeside } from '#lib/runtime/sqlite.ts'
import type { Secret } from '#lib/secret.ts'
import { type AccountSummary, Accounts } from './accounts.ts'
import { type Config, databasePath } from './config.ts'
import { noInstallation } from './errors.ts'
import { HashingQueue } from './hashing-queue.ts'
import { Passwords } from './passwords.ts'
import { type AuthSchema, MIGRATIONS } from './store.ts'
import { checkCredentials } from './validation.ts'

/** What it needs to know of Auth's settings. */
export type AdminConfig = Pick<Config, 'dataFolder' | 'password' | 'hashing'>

/**
 * Add an account.
 *
 * @param name - 1 to 32 characters, `[a-z0-9][a-z0-9._-]*`.
 * @param password - 1 to 1,024 bytes of UTF-8.
 * @throws SottoError `ERR_INVALID_ARGUMENT` if one of them is out of its limits; `ERR_ACCOUNT_EXISTS`; `ERR_STORE`.
 */
export async function addUser(config: AdminConfig, clock: Clock, name: string, password: Secret): Promise<void> {
  checkCredentials({ username: name, passwordBytes: password.length })
  await withAccounts(config, clock, (accounts) => accounts.add(name, password))
}

/**
 * Give an account another password. All its sessions end; its identity key stays.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` if one of them is out of its limits; `ERR_NO_SUCH_USER`; `ERR_STORE`.
 */
export async function setPassword(config: AdminConfig, clock: Clock, name: string, password: Secret): Promise<void> {
  checkCredentials({ username: name, passwordBytes: password.length })
  await withAccounts(config, clock, (accounts) => accounts.setPassword(name, password))
}

/**
 * Remove an account and end its sessions. An account that is given the same name later is another one, with another
 * identity key.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` if the name is out of its limits; `ERR_NO_SUCH_USER`; `ERR_STORE`.
 */
export async function removeUser(config: AdminConfig, clock: Clock, name: string): Promise<void> {
  checkCredentials({ username: name })
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

async function withAccounts<T>(config: AdminConfig, clock: Clock, use: (accounts: Accounts) => Promise<T>): Promise<T> {
  const db = await openSqliteBeside<AuthSchema>(databasePath(config), MIGRATIONS)
  if (db === undefined) throw noInstallation(config.dataFolder)
  try {
    const passwords = new Passwords(config.password, new HashingQueue(config.hashing))
    return await use(new Accounts(db, passwords, () => clock.now().getTime()))
  } finally {
    await db.destroy()
  }
}

/**
 * Where a service keeps its records: SQLite in a file of its own, or PostgreSQL, which any number of processes share.
 *
 * The schema and the queries are the same for both, built with Kysely. What is not the same stands in this folder, and
 * nowhere else.
 *
 * @module
 */
import { type Kysely, sql } from 'kysely'
import { isPostgres } from './dialect.ts'
import type { Migrations } from './migrations.ts'
import type { DatabaseSetting, OpenDatabaseOptions } from './options.ts'
import { openSqlite, openSqliteBeside, probeSqlite } from './sqlite.ts'

/**
 * Open the database of a service, make it if there is none, and bring its schema up to date.
 *
 * @returns the database; `destroy()` closes it.
 * @throws SottoError `ERR_STORE` if it cannot be opened or a step fails, `ERR_CONFIG` if there is no such URL,
 *   `ERR_UNAVAILABLE` if PostgreSQL does not answer.
 */
export async function openDatabase<Schema>(
  setting: DatabaseSetting,
  migrations: Migrations,
  options: OpenDatabaseOptions,
): Promise<Kysely<Schema>> {
  if (setting.kind === 'postgres') {
    const { openPostgres } = await import('./postgres.ts')
    return await openPostgres<Schema>(setting, migrations, options)
  }
  const database = await openSqlite<Schema>(setting.path, migrations)
  if (options.durability === 'process') await sql`pragma synchronous = normal`.execute(database)
  return database
}

/**
 * Open a database that a service keeps, beside it: nothing is made, and the schema stays as it is.
 *
 * @returns the database; undefined where there is none.
 * @throws as {@link openDatabase}, and `ERR_STORE` if its schema is of another version.
 */
export async function openDatabaseBeside<Schema>(
  setting: DatabaseSetting,
  migrations: Migrations,
): Promise<Kysely<Schema> | undefined> {
  if (setting.kind === 'sqlite') return await openSqliteBeside<Schema>(setting.path, migrations)
  const { openPostgresBeside } = await import('./postgres.ts')
  return await openPostgresBeside<Schema>(setting, migrations)
}

/**
 * Write to a database, and change nothing.
 *
 * @throws SottoError `ERR_SERVER_DISK_FULL`, `ERR_SERVER_STORE`, `ERR_UNAVAILABLE` if that cannot be done, or not soon.
 */
export async function probeDatabase<Schema>(database: Kysely<Schema>): Promise<void> {
  if (!isPostgres(database)) return await probeSqlite(database)
  // A row that Kysely keeps for its lock, and touches only while it migrates.
  await sql`update kysely_migration_lock set is_locked = is_locked`.execute(database)
}

/**
 * What SQLite and PostgreSQL say differently, each difference under a name.
 *
 * @module
 */
import { type Kysely, PostgresAdapter, type RawBuilder, sql, type Transaction } from 'kysely'

/** Tells whether a database is PostgreSQL; it is SQLite if not. */
export function isPostgres<Schema>(database: Kysely<Schema>): boolean {
  return database.getExecutor().adapter instanceof PostgresAdapter
}

/**
 * The type of a column of names, which are compared and ordered byte by byte, as SQLite does by itself. PostgreSQL would
 * go by the language that its database was made for.
 */
export function namesType<Schema>(database: Kysely<Schema>): RawBuilder<string> {
  return isPostgres(database) ? sql`text collate "C"` : sql`text`
}

/**
 * Let one transaction at a time pass, until it ends. On SQLite there is only ever one.
 *
 * @param name - What is to be changed by one at a time.
 */
export async function takeTurn<Schema>(transaction: Transaction<Schema>, name: string): Promise<void> {
  if (!isPostgres(transaction)) return
  await sql`select pg_advisory_xact_lock(hashtext(${name}))`.execute(transaction)
}

/** The clock that all processes at a PostgreSQL share, in milliseconds since 1970; undefined for SQLite. */
export async function sharedTimeMs<Schema>(database: Kysely<Schema>): Promise<number | undefined> {
  if (!isPostgres(database)) return undefined
  const milliseconds = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`
  const { rows } = await sql<{ now_ms: number }>`select ${milliseconds} as now_ms`.execute(database)
  return rows[0]?.now_ms
}

/** The size of a database on its disk, in bytes, without what is still in a log of changes. */
export async function databaseBytes<Schema>(database: Kysely<Schema>): Promise<number> {
  const size = isPostgres(database)
    ? sql<{ bytes: number }>`select pg_database_size(current_database())::bigint as bytes`
    : sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`
  const { rows } = await size.execute(database)
  return rows[0]?.bytes ?? 0
}

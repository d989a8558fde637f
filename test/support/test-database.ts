/**
 * The database of a test: SQLite, or PostgreSQL where `SOTTO_TEST_POSTGRES` holds the URL of a server, in which each path
 * stands for a database.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { openDatabase } from '#lib/runtime/database/database.ts'
import type { Migrations } from '#lib/runtime/database/migrations.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'

const SERVER = process.env['SOTTO_TEST_POSTGRES']

let unnamed = 0

/** Where the database of this path is; it is made where it lacks. */
export async function databaseAt(path: string): Promise<DatabaseSetting> {
  if (SERVER === undefined) return { kind: 'sqlite', path }
  const name = `test_${createHash('sha256').update(path).digest('hex').slice(0, 24)}`
  const client = new pg.Client({ connectionString: SERVER })
  await client.connect()
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${name}`)
  } finally {
    await client.end()
  }
  return { kind: 'postgres', url: Object.assign(new URL(SERVER), { pathname: `/${name}` }).href }
}

/** Open the database of a path, or an empty one that nobody else opens. */
export async function openTestDatabase<Schema>(migrations: Migrations, path?: string): Promise<Kysely<Schema>> {
  unnamed += 1
  const setting = await databaseAt(path ?? (SERVER === undefined ? ':memory:' : `${process.pid} ${unnamed}`))
  return await openDatabase<Schema>(setting, migrations, { durability: 'process' })
}

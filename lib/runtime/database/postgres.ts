/**
 * PostgreSQL: Kysely over node-postgres.
 *
 * Each service has a pool of connections of its own. A connection that breaks is replaced by the next that is needed;
 * what was under way over it fails with `ERR_UNAVAILABLE`.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from 'kysely'
import pg from 'pg'
import { isSottoError, SottoError } from '../../errors.ts'
import { isOfThisVersion, type Migrations, migrate } from './migrations.ts'
import type { DatabaseSetting, OpenDatabaseOptions } from './options.ts'
import { asStoreError } from './postgres-errors.ts'

export type PostgresSetting = Extract<DatabaseSetting, { kind: 'postgres' }>

/**
 * The most connections of one process. Queries of ours take a millisecond or few, and PostgreSQL has 100 for all unless
 * its `max_connections` says otherwise.
 */
const MAX_CONNECTIONS = 10

/** The same with the one that listens to the others. */
export const CONNECTIONS_PER_PROCESS = MAX_CONNECTIONS + 1

/** How long a connection may take to come about, and how long a statement may take, in milliseconds. */
const CONNECT_TIMEOUT_MS = 3_000
const STATEMENT_TIMEOUT_MS = 5_000

/** How much longer than the statement's own limit its answer may take, in milliseconds: the way there and back. */
const ANSWER_GRACE_MS = 1_000

/** PostgreSQL's number for the type int8 (`select 'int8'::regtype::oid`). */
const INT8 = 20

/**
 * Open a database, and bring its schema up to date. The database itself and its user are the host's to make.
 *
 * @throws SottoError as `openDatabase` says.
 */
export async function openPostgres<Schema>(
  setting: PostgresSetting,
  migrations: Migrations,
  options: OpenDatabaseOptions,
): Promise<Kysely<Schema>> {
  return await open<Schema>(setting, options, async (database) => {
    await migrate(database, migrations)
    return true
  })
}

/**
 * Open a database that is there, and leave its schema as it is.
 *
 * @returns undefined where it has no tables of ours.
 * @throws SottoError as `openDatabaseBeside` says.
 */
export async function openPostgresBeside<Schema>(
  setting: PostgresSetting,
  migrations: Migrations,
): Promise<Kysely<Schema> | undefined> {
  let isThere = true
  const database = await open<Schema>(setting, { durability: 'disk' }, async (opened) => {
    const { rows } = await sql<{ name: string | null }>`select to_regclass('kysely_migration')::text as name`.execute(
      opened,
    )
    isThere = rows[0]?.name != null
    return !isThere || (await isOfThisVersion(opened, migrations))
  })
  if (isThere) return database
  await database.destroy()
  return undefined
}

/** A client that is not connected yet, with our limits. */
export async function postgresClient(setting: PostgresSetting): Promise<pg.Client> {
  return new pg.Client({ ...(await connectionConfig(setting)), keepAlive: true })
}

async function open<Schema>(
  setting: PostgresSetting,
  { durability, log }: OpenDatabaseOptions,
  check: (database: Kysely<Schema>) => Promise<boolean>,
): Promise<Kysely<Schema>> {
  const config = await connectionConfig(setting)
  const pool = new pg.Pool({
    ...config,
    max: MAX_CONNECTIONS,
    // SQLite's `synchronous = normal`, in PostgreSQL's words.
    ...(durability === 'process' && { options: '-c synchronous_commit=off' }),
  })
  // Without somebody who listens, a connection that breaks ends the process.
  pool.on('error', (error) => log?.warn({ err: error }, 'a connection to the database broke'))
  pool.on('connect', (client) => client.on('error', () => {}))
  const database = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: adaptPool(pool) }) })
  try {
    if (await check(database)) return database
  } catch (error) {
    await database.destroy()
    throw isSottoError(error) ? error : cannotOpen(error)
  }
  await database.destroy()
  throw cannotOpen(undefined, 'it is of another version of Sotto: start the service once, of the version that is here')
}

async function connectionConfig(setting: PostgresSetting): Promise<pg.ClientConfig> {
  const types = new pg.TypeOverrides()
  // All our numbers are under 2^53, and so are numbers with SQLite.
  types.setTypeParser(INT8, Number)
  return {
    connectionString: await readUrl(setting),
    application_name: 'sotto',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + ANSWER_GRACE_MS,
    types,
  }
}

async function readUrl(setting: PostgresSetting): Promise<string> {
  if ('url' in setting) return setting.url
  try {
    const [line = ''] = (await readFile(setting.urlFile, 'utf8')).split('\n')
    const { protocol } = new URL(line)
    if (protocol === 'postgres:' || protocol === 'postgresql:') return line
  } catch (cause) {
    // The cause of a URL that cannot be read would name it, with its password.
    if (cause instanceof Error && 'syscall' in cause) throw noUrl(setting.urlFile, cause)
  }
  throw noUrl(setting.urlFile)
}

/** Give Kysely connections whose failures are SottoErrors. */
function adaptPool(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    connect: async () => adaptClient(await translated(pool.connect())),
    end: () => pool.end(),
  }
}

function adaptClient(client: pg.PoolClient): PostgresPoolClient {
  async function query(text: string, parameters: readonly unknown[]): Promise<unknown> {
    return await translated(client.query(text, [...parameters]))
  }
  return { query: query as PostgresPoolClient['query'], release: (discard) => client.release(discard) }
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw asStoreError(error)
  }
}

function cannotOpen(cause: unknown, hint = 'check its log'): SottoError {
  return new SottoError('ERR_STORE', 'cannot open the database at PostgreSQL', { cause, hint })
}

function noUrl(path: string, cause?: Error): SottoError {
  return new SottoError('ERR_CONFIG', `${path} holds no URL of a database`, {
    cause,
    hint: 'its first line is postgres://USER:PASSWORD@HOST/DATABASE, and the service may read it',
  })
}

/**
 * SQLite inside the process: Kysely over node:sqlite.
 *
 * The driver takes null, numbers, bigints, strings and bytes. A boolean, a Date or undefined is refused with a
 * TypeError, as a query with one of them would not mean the same on PostgreSQL.
 *
 * @module
 */
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from 'kysely'
import { SottoError } from '../../errors.ts'
import { ensurePrivateDirectory, ensurePrivateFile } from '../files.ts'
import { hasSystemCode } from '../system-errors.ts'
import { isOfThisVersion, type Migrations, migrate } from './migrations.ts'
import { asStoreErrors, reasonOf, type StoreCodes } from './sqlite-errors.ts'

/** The codes that a service's callers get. */
const OF_A_SERVICE: StoreCodes = { full: 'ERR_SERVER_DISK_FULL', other: 'ERR_SERVER_STORE' }
const OF_THIS_MACHINE: StoreCodes = { full: 'ERR_STORE', other: 'ERR_STORE' }

/** How long a write waits for another process, such as `sotto admin` beside a running service, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000

/** How long a {@link probeSqlite} waits, in milliseconds: nothing else is done meanwhile. */
const PROBE_TIMEOUT_MS = 500

/** How many prepared statements are kept. A program of ours has some tens of different ones. */
const MAX_KEPT_STATEMENTS = 200

/**
 * Open a database file, make it if there is none (mode 0600, in a folder 0700), and bring its schema up to date.
 *
 * What is committed is on the disk (WAL, synchronous FULL); foreign keys hold; deleted content is overwritten.
 * Transactions take the write lock when they begin, so that two processes wait for each other instead of failing.
 *
 * @param path - Of the file, or `:memory:`.
 * @returns the database; `destroy()` closes it.
 * @throws SottoError `ERR_STORE` if it cannot be opened or a migration fails.
 */
export async function openSqlite<Schema>(path: string, migrations: Migrations): Promise<Kysely<Schema>> {
  let database: Kysely<Schema> | undefined
  try {
    if (path !== ':memory:') {
      await ensurePrivateDirectory(dirname(path))
      // SQLite gives -wal and -shm the permissions of the file itself.
      ensurePrivateFile(path)
    }
    database = new Kysely<Schema>({
      dialect: new SqliteDialect({ database: adapt(openFile(path, OF_A_SERVICE), OF_A_SERVICE) }),
    })
    await migrate(database, migrations)
    return database
  } catch (cause) {
    await database?.destroy()
    const hint = 'check the permissions and the free space of its folder, and that it is not of a newer version'
    throw cannotOpen(path, cause, hint)
  }
}

/**
 * Open a database that another process keeps, beside it: nothing is made, and the schema stays as it is.
 *
 * @param path - Of the file.
 * @param migrations - What the schema must have been made by.
 * @returns the database; undefined where there is no such file.
 * @throws SottoError `ERR_STORE` if it cannot be opened, or its schema is of another version.
 */
export async function openSqliteBeside<Schema>(
  path: string,
  migrations: Migrations,
): Promise<Kysely<Schema> | undefined> {
  let database: Kysely<Schema> | undefined
  try {
    if (!(await isFile(path))) return undefined
    database = new Kysely<Schema>({
      dialect: new SqliteDialect({ database: adapt(openFile(path, OF_THIS_MACHINE), OF_THIS_MACHINE) }),
    })
    if (await isOfThisVersion(database, migrations)) return database
  } catch (cause) {
    await database?.destroy()
    throw cannotOpen(path, cause, 'check the permissions and the free space of its folder')
  }
  await database.destroy()
  throw cannotOpen(
    path,
    undefined,
    'it is of another version of Sotto: start the service once, of the version that is here',
  )
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return false
    throw error
  }
}

function cannotOpen(path: string, cause: unknown, hint: string): SottoError {
  return new SottoError('ERR_STORE', `cannot open the database ${path}${reasonOf(cause)}`, { cause, hint })
}

/**
 * Write to a database, and change nothing: SQLite writes the page of its header even where the version stays the same.
 *
 * @throws SottoError `ERR_SERVER_DISK_FULL`, `ERR_SERVER_STORE` if that cannot be done, or not soon.
 */
export async function probeSqlite<Schema>(database: Kysely<Schema>): Promise<void> {
  await database.connection().execute(async (connection) => {
    await sql`pragma busy_timeout = ${sql.lit(PROBE_TIMEOUT_MS)}`.execute(connection)
    try {
      await sql`pragma user_version = 0`.execute(connection)
    } finally {
      await sql`pragma busy_timeout = ${sql.lit(BUSY_TIMEOUT_MS)}`.execute(connection)
    }
  })
}

function openFile(path: string, codes: StoreCodes): DatabaseSync {
  return asStoreErrors(codes, () => {
    const options = { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true, defensive: true }
    const file = new DatabaseSync(path, options)
    file.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on')
    return file
  })
}

const NO_CHANGES = { changes: 0, lastInsertRowid: 0 }

/** Adapt node:sqlite to what Kysely expects of better-sqlite3. */
function adapt(file: DatabaseSync, codes: StoreCodes): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>()
  return {
    close: () => file.close(),
    prepare(sql) {
      const known = kept.get(sql)
      if (known !== undefined) return known
      // A deferred transaction that reads and then writes fails at once where another process wrote in between,
      // whatever the busy timeout says (https://www.sqlite.org/rescode.html#busy_snapshot).
      const prepared = asStoreErrors(codes, () => file.prepare(sql === 'begin' ? 'begin immediate' : sql))
      const statement = adaptStatement(prepared, codes)
      // Of some failures, such as a full disk, SQLite rolls back by itself, and would refuse to do it again
      // (https://www.sqlite.org/lang_transaction.html, section 3): the failure is what is to be told.
      if (sql === 'rollback') return { ...statement, run: () => (file.isTransaction ? statement.run([]) : NO_CHANGES) }
      if (kept.size >= MAX_KEPT_STATEMENTS) kept.clear()
      kept.set(sql, statement)
      return statement
    },
  }
}

function adaptStatement(statement: StatementSync, codes: StoreCodes): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => asStoreErrors(codes, () => statement.all(...asInput(parameters))),
    run: (parameters) => asStoreErrors(codes, () => statement.run(...asInput(parameters))),
    iterate: (parameters) => statement.iterate(...asInput(parameters)),
  }
}

function asInput(parameters: readonly unknown[]): SQLInputValue[] {
  for (const value of parameters) {
    const isFit =
      value === null ||
      typeof value === 'string' ||
      typeof value === 'number' ||
      typeof value === 'bigint' ||
      value instanceof Uint8Array
    if (!isFit) throw new TypeError(`a ${typeof value} is no SQL value`)
  }
  return parameters as SQLInputValue[]
}

/**
 * The one door to the disk: SQLite with four verbs. Everything above it is given a {@link Database}, so that a test can
 * hand in one that counts the writes and crashes at any of them.
 *
 * @module
 */
import { utimesSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ensurePrivateFile } from '#lib/runtime/files.ts'
import { asStoreErrors } from './sqlite-errors.ts'

export type SqlValue = number | string | Uint8Array | null

/** The columns of a row, in the order of the query. */
export type Row = readonly SqlValue[]

export interface Statement {
  run(...values: SqlValue[]): void
  all(...values: SqlValue[]): Row[]
}

/**
 * The promise of a commit. `disk`: it outlives a loss of power. `process`: it outlives the end of this process by
 * whatever means, and a loss of power takes it only together with all that was committed after it.
 */
export type Durability = 'disk' | 'process'

export interface Database {
  /** The path of the file. */
  readonly path: string
  exec(sql: string): void
  prepare(sql: string): Statement
  /** Run reads that all see the same state. No other transaction may begin inside. */
  read<T>(work: () => T): T
  /**
   * Run writes that happen all or not at all. It takes the write lock at its beginning, so that processes wait for each
   * other instead of failing. No other transaction may begin inside.
   */
  write<T>(durability: Durability, work: () => T): T
  /** A number that differs from the one before if, and only if, another connection has committed since. */
  dataVersion(): number
  /** Close the database; harmless if it is closed already. */
  close(): void
}

/** How long a write waits for another process, in milliseconds. A transaction of ours takes a few. */
const BUSY_TIMEOUT_MS = 5_000

export interface DatabaseOptions {
  /** Whether a commit may wait for the disk. Without it `disk` promises no more than `process`: for tests and simulations. */
  readonly flushes?: boolean
  /** Keep all other processes out. It takes no room on the disk, and nothing but a full disk is worth it. */
  readonly alone?: boolean
}

/**
 * Open a database file in WAL mode; make it, for the owner alone, if there is none. Its folder must be there.
 *
 * What is deleted is overwritten.
 *
 * @param path - Of the file, or `:memory:` for one that goes with the process.
 * @throws SottoError `ERR_STORE` if it cannot be opened; `ERR_STORE_DAMAGED` if it is no SQLite file. So does each verb.
 */
export function openDatabase(path: string, { flushes = true, alone = false }: DatabaseOptions = {}): Database {
  return asStoreErrors(() => {
    // SQLite gives -wal and -shm the permissions of the file itself.
    if (path !== MEMORY) ensurePrivateFile(path)
    const file = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, defensive: true })
    try {
      // Before the first look: the index of the log is then kept in memory (https://www.sqlite.org/wal.html#noshm).
      if (alone) file.exec('pragma locking_mode = exclusive')
      file.exec(
        'pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on; pragma trusted_schema = off',
      )
      return new SqliteDatabase(path, file, flushes)
    } catch (error) {
      file.close()
      throw error
    }
  })
}

const MEMORY = ':memory:'

class SqliteDatabase implements Database {
  readonly path: string
  readonly #file: DatabaseSync
  readonly #dataVersion: Statement
  readonly #begin: Readonly<Record<'read' | 'write', Statement>>
  readonly #commit: Statement
  readonly #flushes: boolean
  #isFlushing = true

  constructor(path: string, file: DatabaseSync, flushes: boolean) {
    this.path = path
    this.#file = file
    this.#flushes = flushes
    this.#dataVersion = this.prepare('pragma data_version')
    this.#begin = { read: this.prepare('begin'), write: this.prepare('begin immediate') }
    this.#commit = this.prepare('commit')
  }

  exec(sql: string): void {
    asStoreErrors(() => this.#file.exec(sql))
  }

  prepare(sql: string): Statement {
    const statement = asStoreErrors(() => this.#file.prepare(sql))
    statement.setReturnArrays(true)
    return {
      run: (...values) => void asStoreErrors(() => statement.run(...values)),
      all: (...values) => asStoreErrors(() => statement.all(...values) as unknown as Row[]),
    }
  }

  read<T>(work: () => T): T {
    return this.#transaction(this.#begin.read, work)
  }

  write<T>(durability: Durability, work: () => T): T {
    const isFlushing = this.#flushes && durability === 'disk'
    if (isFlushing !== this.#isFlushing) {
      // https://www.sqlite.org/pragma.html#pragma_synchronous: in WAL mode, NORMAL leaves out the flush at a commit.
      this.exec(`pragma synchronous = ${isFlushing ? 'full' : 'normal'}`)
      this.#isFlushing = isFlushing
    }
    const result = this.#transaction(this.#begin.write, work)
    this.#ring()
    return result
  }

  /**
   * Let those who watch know of a commit. The log is written to before others can see what it holds, and told of by the
   * system at that moment; this touches it once more afterwards.
   */
  #ring(): void {
    if (this.path === MEMORY) return
    try {
      const now = new Date()
      utimesSync(`${this.path}-wal`, now, now)
    } catch {
      // What is committed is committed; they will look by themselves before long.
    }
  }

  #transaction<T>(begin: Statement, work: () => T): T {
    begin.run()
    try {
      const result = work()
      this.#commit.run()
      return result
    } catch (error) {
      // After some failures, such as a full disk, SQLite has rolled back already.
      if (this.#file.isTransaction) this.#file.exec('rollback')
      throw error
    }
  }

  dataVersion(): number {
    return this.#dataVersion.all()[0]?.[0] as number
  }

  close(): void {
    if (this.#file.isOpen) asStoreErrors(() => this.#file.close())
  }
}

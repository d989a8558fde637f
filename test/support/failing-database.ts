/**
 * A database whose disk fails for as long as a test wants: nothing is read or written meanwhile, and nothing is lost.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Database, Durability } from '../../clients/store/disk/database.ts'

export class FailingDatabase implements Database {
  /** The operations that fail: none, those that write, or all. */
  fails: 'nothing' | 'writes' | 'all' = 'nothing'
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  get path(): string {
    return this.#database.path
  }

  prepare(sql: string): ReturnType<Database['prepare']> {
    return this.#database.prepare(sql)
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  read<T>(work: () => T): T {
    if (this.fails === 'all') throw failure()
    return this.#database.read(work)
  }

  write<T>(durability: Durability, work: () => T): T {
    if (this.fails !== 'nothing') throw failure()
    return this.#database.write(durability, work)
  }

  dataVersion(): number {
    return this.#database.dataVersion()
  }

  close(): void {
    this.#database.close()
  }
}

function failure(): SottoError {
  return new SottoError('ERR_STORE', 'the disk fails to read or write the store')
}

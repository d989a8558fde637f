/**
 * A disk that can lose power. It then loses every commit since the last one that was flushed, and nothing else.
 *
 * The disk is SQLite in memory. A transaction that is always open holds what is not flushed; the transactions of the
 * store are savepoints in it.
 *
 * @module
 */
import { type Database, openDatabase } from '../../clients/store/disk/database.ts'

export class SimulatedDisk {
  readonly #database: Database
  /** The number of changes so far, by which each process notices those of another. */
  #changes = 0

  constructor() {
    this.#database = openDatabase(':memory:', { flushes: false })
    this.#database.exec('begin')
  }

  /** The database of one process, over the disk that all share. */
  open(): Database {
    const database = this.#database
    const save = database.prepare('savepoint work')
    const undo = database.prepare('rollback to work')
    const keep = database.prepare('release work')
    const flush = database.prepare('commit')
    const begin = database.prepare('begin')
    let known = this.#changes
    let version = 1
    return {
      path: database.path,
      exec: (sql) => database.exec(sql),
      prepare: (sql) => database.prepare(sql),
      read: (work) => work(),
      write: (durability, work) => {
        save.run()
        try {
          const result = work()
          const isAlone = known === this.#changes
          keep.run()
          this.#changes += 1
          if (isAlone) known = this.#changes
          if (durability === 'disk') {
            flush.run()
            begin.run()
          }
          return result
        } catch (error) {
          undo.run()
          keep.run()
          throw error
        }
      },
      dataVersion: () => {
        if (known !== this.#changes) version += 1
        known = this.#changes
        return version
      },
      close: () => {},
    }
  }

  losePower(): void {
    this.#database.exec('rollback; begin')
    this.#changes += 1
  }

  close(): void {
    this.#database.close()
  }
}

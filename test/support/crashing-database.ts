/**
 * A database on which a process crashes: at a chosen step of a write the open transaction is undone, as the end of a
 * process undoes it, and nothing works any more until the file is opened anew.
 *
 * @module
 */
import type { Database, Statement } from '../../clients/store/disk/database.ts'

/** A simulated crash. It is no SottoError: no code of the program may take it for an error to handle. */
export class Crash extends Error {}

/** The steps of a write: before it begins, before each statement, before its commit, and after it. */
export type WriteStep = 'begin' | 'statement' | 'commit' | 'committed'

/** Decides at each step of a write whether to crash there. */
export type ShouldCrash = (step: WriteStep) => boolean

export function crashingDatabase(database: Database, shouldCrash: ShouldCrash): Database {
  let isWriting = false
  let isDead = false
  const live = (): void => {
    if (isDead) throw new Crash('the program is dead')
  }
  const reach = (step: WriteStep): void => {
    live()
    if (!shouldCrash(step)) return
    isDead = true
    throw new Crash(`crash at ${step}`)
  }
  const prepare = (sql: string): Statement => {
    const statement = database.prepare(sql)
    return {
      run(...values) {
        if (isWriting) reach('statement')
        statement.run(...values)
      },
      all(...values) {
        live()
        return statement.all(...values)
      },
    }
  }
  return {
    path: database.path,
    prepare,
    exec(sql) {
      if (isWriting) reach('statement')
      database.exec(sql)
    },
    read(work) {
      live()
      return database.read(work)
    },
    write(durability, work) {
      reach('begin')
      try {
        isWriting = true
        const result = database.write(durability, () => {
          const done = work()
          reach('commit')
          return done
        })
        reach('committed')
        return result
      } finally {
        isWriting = false
      }
    },
    dataVersion() {
      live()
      return database.dataVersion()
    },
    close: () => database.close(),
  }
}

/**
 * A database on which a program dies: at a chosen moment of its writing the transaction that is open is undone, as the
 * end of a process undoes it, and nothing works any more until the file is opened anew.
 *
 * @module
 */
import type { Database, Statement } from '../../clients/store/disk/database.ts'

/** What a program dies of. It is no SottoError: nothing in the program may take it for something to handle. */
export class Crash extends Error {}

/** The moments of a write: before it begins, before each statement, before its commit, and after it. */
export type Moment = 'begin' | 'statement' | 'commit' | 'committed'

/** Decides at each moment of writing whether to die there. */
export type Fate = (moment: Moment) => boolean

export function crashingDatabase(database: Database, fate: Fate): Database {
  let isWriting = false
  let isDead = false
  const live = (): void => {
    if (isDead) throw new Crash('the program is dead')
  }
  const reach = (moment: Moment): void => {
    live()
    if (!fate(moment)) return
    isDead = true
    throw new Crash(`crash at ${moment}`)
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

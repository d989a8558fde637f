/**
 * The file of a database that is open. Where somebody moves or deletes it, SQLite goes on with what nobody finds again,
 * and notices nothing.
 *
 * @module
 */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { SottoError } from '../../errors.ts'
import { hasSystemCode } from '../system-errors.ts'
import type { DatabaseSetting } from './options.ts'

/**
 * Remember which file a database has been opened in.
 *
 * @returns what tells whether it is still there: it throws SottoError `ERR_SERVER_STORE` if not. PostgreSQL has no file.
 * @throws Error of the operating system.
 */
export async function watchDatabaseFile(setting: DatabaseSetting): Promise<() => Promise<void>> {
  if (setting.kind !== 'sqlite' || setting.path === ':memory:') return async () => {}
  const { path } = setting
  const opened = await stat(path)
  return async () => {
    const found = await find(path)
    if (found?.ino === opened.ino && found.dev === opened.dev) return
    const what = found === undefined ? 'is gone' : 'is another file now'
    throw new SottoError('ERR_SERVER_STORE', `the database ${path} ${what}`, {
      hint: 'put back the file that was there; what has been written since goes to that one',
    })
  }
}

async function find(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    throw error
  }
}

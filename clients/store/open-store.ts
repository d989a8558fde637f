/**
 * Opening the store of a profile, or making one.
 *
 *     SOTTO_HOME/profiles/NAME/store.db   0600, with -wal and -shm beside it while it is open
 *
 * @module
 */
import { join } from 'node:path'
import { isSottoError } from '#lib/errors.ts'
import { type Database, openDatabase } from './disk/database.ts'
import { hasNoRoomToShare } from './disk/sqlite-errors.ts'
import { Store, type StoreOptions } from './store.ts'

/** The file of a store, in a profile's folder. */
export const STORE_FILE = 'store.db'

/**
 * Open the store of a profile, or make one.
 *
 * @param folder - Of the profile; it must be there.
 */
export function openStore(folder: string, options: Omit<StoreOptions, 'database'>): Store {
  return storeIn(openDatabase(join(folder, STORE_FILE)), options)
}

/**
 * Open a store for a short reading, which a full disk does not hinder: on such a disk it keeps other processes out
 * meanwhile.
 */
export function openStoreToRead(folder: string, options: Omit<StoreOptions, 'database'>): Store {
  const path = join(folder, STORE_FILE)
  try {
    return storeIn(openDatabase(path), options)
  } catch (error) {
    if (!isSottoError(error) || !hasNoRoomToShare(error)) throw error
    return storeIn(openDatabase(path, { alone: true }), options)
  }
}

function storeIn(database: Database, options: Omit<StoreOptions, 'database'>): Store {
  try {
    return new Store({ ...options, database })
  } catch (error) {
    database.close()
    throw error
  }
}

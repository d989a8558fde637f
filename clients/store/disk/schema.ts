/**
 * The tables of a store, and how an older one is brought up to date.
 *
 *     head       one row: whose store it is, and the seal over all contacts
 *     contact    a row for each person: name, streams, marks                       contact-state.ts
 *     batch      what was sent and received, some events together, never changed      batch.ts
 *     transfer   files and folders on their way, and those that were               transfer-rows.ts
 *     letter_state   one row: prekeys' private halves, tickets of letters          letter-row.ts
 *
 * All that a person said, to whom and when is in the `sealed` columns, and what was offered in `offer`, sealed as well.
 * In the clear stand: how many contacts there are, how many batches each has, how many transfers there are, and how large
 * all those are.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Database } from './database.ts'

/** The migrations, each from the version of its index to the next one. A released one never changes. */
const MIGRATIONS: readonly string[] = [
  `create table head (
     id integer primary key check (id = 1),
     store_id blob not null,
     key_id blob not null,
     sealed blob not null
   ) strict;
   create table contact (
     id integer primary key,
     name_hash blob not null unique,
     sealed blob not null
   ) strict;
   create table batch (
     id integer primary key,
     sealed blob not null
   ) strict;`,
  `create table transfer (
     id integer primary key,
     offer blob not null,
     sealed blob not null
   ) strict;`,
  `create table letter_state (
     id integer primary key check (id = 1),
     sealed blob not null
   ) strict;`,
]

/**
 * Bring the tables up to date, in one transaction that no other process can come between.
 *
 * @param populate - Puts the first row into tables that were just made; part of the same transaction.
 * @throws SottoError `ERR_STORE` if they are of a newer version than this code.
 */
export function migrate(database: Database, populate: () => void): void {
  if (versionOf(database) === MIGRATIONS.length) return
  database.write('disk', () => {
    const version = versionOf(database)
    if (version > MIGRATIONS.length) {
      throw new SottoError('ERR_STORE', 'the store is of a newer version of sotto', { hint: 'update sotto' })
    }
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration)
    database.exec(`pragma user_version = ${MIGRATIONS.length}`)
    if (version === 0) populate()
  })
}

function versionOf(database: Database): number {
  return database.prepare('pragma user_version').all()[0]?.[0] as number
}

/**
 * The directory's tables, in SQL that SQLite and PostgreSQL both take.
 *
 * Nothing in them is secret or lasting: who is online, where, and until when the process that holds the streams is
 * taken to be alive. A bearer is never written.
 *
 * Bytes are declared as `bytea`, PostgreSQL's name. SQLite does not know it, and so keeps the bytes as they are
 * (https://www.sqlite.org/datatype3.html, section 3.1: NUMERIC affinity leaves a BLOB alone).
 *
 * @module
 */
import type { Kysely } from 'kysely'
import type { Migrations } from '#lib/runtime/sqlite.ts'

/** A running directory process. */
export interface ReplicaTable {
  /** Drawn anew at each start: a UUID. */
  id: string
  /** Milliseconds since 1970. Schedule than that the process is taken to be dead, and with it all that it announced. */
  lease_ends_at: number
}

/** A standing announcement; at most one for each account. */
export interface PresenceTable {
  account: string
  /** Tells this announcement from an earlier one of the same account: a UUID. */
  announcement_id: string
  /** The process that holds the stream. */
  replica_id: string
  /** The session that announced: 16 bytes. */
  session_id: Uint8Array
  /** The id of this start of the receiver, which tickets for it name: 16 bytes. */
  instance_id: Uint8Array
  /** JSON: a list of {address, port}, the likeliest first. */
  endpoints: string
}

export interface DirectorySchema {
  replica: ReplicaTable
  presence: PresenceTable
}

/** Every step from an empty database to the current tables, by name and in its order. A step is never changed. */
export const MIGRATIONS: Migrations = {
  '0001_presence': { up: createPresence },
  '0002_instance_id': { up: renameKid },
}

async function createPresence(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('replica')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('lease_ends_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('presence')
    .addColumn('account', 'text', (column) => column.primaryKey())
    .addColumn('announcement_id', 'text', (column) => column.notNull())
    .addColumn('replica_id', 'text', (column) => column.notNull().references('replica.id').onDelete('cascade'))
    .addColumn('session_id', 'bytea', (column) => column.notNull())
    .addColumn('kid', 'bytea', (column) => column.notNull())
    .addColumn('endpoints', 'text', (column) => column.notNull())
    .execute()
  // The cascade above looks rows up by replica, and PostgreSQL makes no index for a reference by itself.
  await db.schema.createIndex('presence_replica').on('presence').column('replica_id').execute()
}

/** A start of a receiver was named by its `kid`, a word that elsewhere names a key. */
async function renameKid(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('presence').renameColumn('kid', 'instance_id').execute()
}

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
import { namesType } from '#lib/runtime/database/dialect.ts'
import type { Migrations } from '#lib/runtime/database/migrations.ts'

/** A running directory process. */
export interface ReplicaTable {
  /** Drawn anew at each start: a UUID. */
  id: string
  /** Milliseconds since 1970. Later than that the process is taken to be dead, and with it all that it announced. */
  lease_ends_at: number
}

/** The last announcement of an account, which may have been withdrawn. */
export interface PresenceTable {
  account: string
  /** One more than that of the announcement before. */
  number: number
  /** The process that holds the stream; null if it was withdrawn. */
  replica_id: string | null
  /** The session that announced: 16 bytes. */
  session_id: Uint8Array
  /** The id of this start of the receiver, which tickets for it name: 16 bytes. */
  instance_id: Uint8Array
  /** JSON: a list of {address, port}, the likeliest first; empty if it was withdrawn. */
  endpoints: string
  /** The relay that the receiver attends, and by which id it is called there, 16 bytes; null if there is none. */
  relay_address: string | null
  attendance_id: Uint8Array | null
  /** Milliseconds since 1970. */
  changed_at: number
}

export interface DirectorySchema {
  replica: ReplicaTable
  presence: PresenceTable
}

/** Every step from an empty database to the current tables, by name and in its order. A step is never changed. */
export const MIGRATIONS: Migrations = {
  '0001_presence': { up: createPresence },
  '0002_instance_id': { up: renameKid },
  '0003_announcement_numbers': { up: numberAnnouncements },
  '0004_relay': { up: addRelay },
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

/**
 * An announcement was known by a UUID and gone with its process. Its account's row now outlives it, so that its number
 * goes on. Who was online announces again by themselves.
 */
async function numberAnnouncements(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('presence').execute()
  await db.schema
    .createTable('presence')
    .addColumn('account', namesType(db), (column) => column.primaryKey())
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('replica_id', 'text')
    .addColumn('session_id', 'bytea', (column) => column.notNull())
    .addColumn('instance_id', 'bytea', (column) => column.notNull())
    .addColumn('endpoints', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('presence_replica').on('presence').column('replica_id').execute()
}

async function addRelay(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('presence').addColumn('relay_address', 'text').execute()
  await db.schema.alterTable('presence').addColumn('attendance_id', 'bytea').execute()
}

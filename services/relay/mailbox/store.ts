/**
 * The mailbox's tables, in SQL that SQLite and PostgreSQL both take.
 *
 * Whoever reads them learns who writes to whom, when and how much, and not a word: letters are sealed for their
 * receivers, and of prekeys only the public halves are here.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { namesType } from '#lib/runtime/database/dialect.ts'
import type { Migrations } from '#lib/runtime/database/migrations.ts'

/** An account that has a mailbox. */
interface MailboxTable {
  account: string
  /** The session that put down prekeys last, for which letters are taken: 16 bytes. */
  session_id: Uint8Array
}

/** A prekey that was put down and not taken. */
interface PrekeyTable {
  /** 16 bytes, drawn by the account's client. */
  id: Uint8Array
  account: string
  /** 1 for the one of last resort, 0 for others. */
  is_last_resort: number
  /** X25519, 32 bytes. */
  public_key: Uint8Array
  /** ML-KEM-768, 1,184 bytes. */
  encapsulation_key: Uint8Array
  /** Milliseconds since 1970. */
  put_at: number
}

/** How many prekeys of an account somebody has taken since it last collected. */
interface TakingTable {
  account: string
  taker: string
  count: number
}

/** A letter that waits. */
interface LetterTable {
  /** 16 random bytes. */
  id: Uint8Array
  receiver: string
  sender: string
  /** The size of `content`. */
  bytes: number
  /** sotto.peer.v1.Letter, encoded. */
  content: Uint8Array
  /** Milliseconds since 1970. */
  posted_at: number
}

export interface MailboxSchema {
  mailbox: MailboxTable
  prekey: PrekeyTable
  taking: TakingTable
  letter: LetterTable
}

/** Every step from an empty database to the current tables, by name and in its order. A step is never changed. */
export const MIGRATIONS: Migrations = {
  '0001_mailbox': { up: createMailbox },
}

async function createMailbox(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('mailbox')
    .addColumn('account', namesType(db), (column) => column.primaryKey())
    .addColumn('session_id', 'bytea', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('prekey')
    .addColumn('account', namesType(db), (column) => column.notNull())
    .addColumn('id', 'bytea', (column) => column.notNull())
    .addColumn('is_last_resort', 'integer', (column) => column.notNull())
    .addColumn('public_key', 'bytea', (column) => column.notNull())
    .addColumn('encapsulation_key', 'bytea', (column) => column.notNull())
    .addColumn('put_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('prekey_of_account', ['account', 'id'])
    .execute()
  await db.schema
    .createTable('taking')
    .addColumn('account', namesType(db), (column) => column.notNull())
    .addColumn('taker', namesType(db), (column) => column.notNull())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('taking_of_account', ['account', 'taker'])
    .execute()
  await db.schema
    .createTable('letter')
    .addColumn('id', 'bytea', (column) => column.primaryKey())
    .addColumn('receiver', namesType(db), (column) => column.notNull())
    .addColumn('sender', namesType(db), (column) => column.notNull())
    .addColumn('bytes', 'integer', (column) => column.notNull())
    .addColumn('content', 'bytea', (column) => column.notNull())
    .addColumn('posted_at', 'bigint', (column) => column.notNull())
    .execute()
  // In the order of collecting; and what quotas are counted by, without a look at the letters themselves.
  await db.schema.createIndex('letter_receiver').on('letter').columns(['receiver', 'posted_at', 'id']).execute()
  await db.schema.createIndex('letter_pair').on('letter').columns(['receiver', 'sender', 'bytes']).execute()
  await db.schema.createIndex('letter_sender').on('letter').columns(['sender', 'bytes']).execute()
}

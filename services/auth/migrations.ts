/**
 * The steps that make Auth's tables (store.ts), in SQL that SQLite and PostgreSQL both take.
 *
 * Bytes are declared as `bytea`, PostgreSQL's name. SQLite does not know it, and so keeps the bytes as they are
 * (https://www.sqlite.org/datatype3.html, section 3.1: NUMERIC affinity leaves a BLOB alone).
 *
 * @module
 */
import { type Kysely, sql } from 'kysely'
import { namesType } from '#lib/runtime/database/dialect.ts'
import type { Migrations } from '#lib/runtime/database/migrations.ts'
import { createSecondFactors } from './second-factor/tables.ts'

/** Every step from an empty database to the current tables, by name and in its order. A step is never changed. */
export const MIGRATIONS: Migrations = {
  '0001_accounts_and_sessions': { up: createAccountsAndSessions },
  '0002_grant_key': { up: renameReplyKey },
  '0003_revocations': { up: createRevocations },
  '0005_installation': { up: createInstallation },
  '0006_sign_in_attempts': { up: createSignInAttempts },
  '0007_invites': { up: createInvites },
  '0008_disabled_accounts': { up: addDisabledAt },
  '0009_audit': { up: createAudit },
  '0010_second_factors': { up: createSecondFactors },
  '0011_relay_bearer': { up: addRelayBearer },
}

async function createAccountsAndSessions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('id', 'bytea', (column) => column.primaryKey())
    .addColumn('name', namesType(db), (column) => column.notNull().unique())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('password_epoch', 'bigint', (column) => column.notNull())
    .addColumn('identity_key', 'bytea')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('session')
    .addColumn('id', 'bytea', (column) => column.primaryKey())
    .addColumn('account_id', 'bytea', (column) => column.notNull().references('account.id').onDelete('cascade'))
    .addColumn('identity_key', 'bytea', (column) => column.notNull())
    .addColumn('directory_bearer_hash', 'bytea', (column) => column.notNull().unique())
    .addColumn('auth_bearer_hash', 'bytea', (column) => column.notNull().unique())
    .addColumn('wrapping_key_id', 'bytea', (column) => column.notNull())
    .addColumn('ticket_key', 'bytea', (column) => column.notNull())
    .addColumn('reply_key', 'bytea', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('session_account').on('session').column('account_id').execute()
  await db.schema.createIndex('session_expiry').on('session').column('expires_at').execute()
}

/**
 * A grant and its key were called a reply and a reply key. These names are in the labels that derive and wrap the key,
 * so neither the clients of older sessions nor their rows have the key that is needed now: these sessions end, and
 * their users log in again. Accounts and identity keys stay.
 */
async function renameReplyKey(db: Kysely<unknown>): Promise<void> {
  await sql`delete from session`.execute(db)
  await db.schema.alterTable('session').renameColumn('reply_key', 'grant_key').execute()
}

async function createRevocations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('revocation')
    .addColumn('number', 'bigint', (column) => column.primaryKey())
    .addColumn('session_id', 'bytea', (column) => column.notNull())
    .addColumn('ended_at', 'bigint', (column) => column.notNull())
    .execute()
}

async function createInstallation(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('installation')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('realm', 'bytea', (column) => column.notNull())
    .execute()
}

async function createSignInAttempts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sign_in_attempt')
    .addColumn('key', 'bytea', (column) => column.primaryKey())
    .addColumn('failures', 'bigint', (column) => column.notNull())
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addColumn('known_at', 'bigint', (column) => column.notNull())
    .execute()
}

async function createInvites(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('account')
    .addColumn('display_name', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  await db.schema.alterTable('account').addColumn('cohort', 'text').execute()
  await db.schema
    .createTable('invite')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('code_hash', 'bytea', (column) => column.notNull().unique())
    .addColumn('name', namesType(db))
    .addColumn('display_name', 'text', (column) => column.notNull())
    .addColumn('cohort', 'text')
    .addColumn('account_id', 'bytea', (column) => column.references('account.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .addColumn('withdrawn_at', 'bigint')
    .execute()
  await db.schema.createIndex('invite_account').on('invite').column('account_id').execute()
}

async function addDisabledAt(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('account').addColumn('disabled_at', 'bigint').execute()
}

async function createAudit(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('number', 'bigint', (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('who', 'text', (column) => column.notNull())
    .addColumn('what', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('detail', 'text', (column) => column.notNull())
    .addColumn('previous_hash', 'bytea', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('audit_head')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'bytea', (column) => column.notNull())
    .execute()
}

/** R is gone from the sessions that are there, so nobody can say what their relay bearer would be. */
async function addRelayBearer(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('session').addColumn('relay_bearer_hash', 'bytea').execute()
  await db.schema.createIndex('session_relay_bearer').unique().on('session').column('relay_bearer_hash').execute()
}

/**
 * Auth's tables, in SQL that SQLite and PostgreSQL both take.
 *
 * Nothing here can be used by whoever reads it: passwords and bearers are there as hashes, keys only wrapped under a
 * key from outside the database (key-wrapping.ts).
 *
 * Bytes are declared as `bytea`, PostgreSQL's name. SQLite does not know it, and so keeps the bytes as they are
 * (https://www.sqlite.org/datatype3.html, section 3.1: NUMERIC affinity leaves a BLOB alone).
 *
 * @module
 */
import { type Kysely, sql } from 'kysely'
import { namesType } from '#lib/runtime/database/dialect.ts'
import type { Migrations } from '#lib/runtime/database/migrations.ts'
import { createSecondFactors, type RecoveryCodeTable, type SecondFactorTable } from './second-factor/tables.ts'

/** A person. */
export interface AccountTable {
  /** 16 random bytes: a name that is given again is another account. */
  id: Uint8Array
  name: string
  /** A PHC string (passwords/password-hash.ts). */
  password_hash: string
  /** Counts password changes. A login that was checked against an earlier password begins no session. */
  password_epoch: number
  /** X25519, 32 bytes: the installation that the account belongs to. Null until the first login. */
  identity_key: Uint8Array | null
  /** Milliseconds since 1970. */
  created_at: number
  /** The name that people read beside the other, prepared (lib/display-name.ts); empty if there is none. */
  display_name: string
  /** The group of people that it is added and removed with; null if it is in none. */
  cohort: string | null
  /** Milliseconds since 1970: since when nobody can sign in to it. Null if it is not disabled. */
  disabled_at: number | null
}

/** An invite, taken up or not: for an account that is to be, or for the password of one that is there. */
export interface InviteTable {
  /** 8 random hexadecimal digits, by which the host names it. Not secret. */
  id: string
  /** SHA-256 of the code, 32 bytes. */
  code_hash: Uint8Array
  /** The name that the account has, or is to have; null where the person may choose. */
  name: string | null
  display_name: string
  cohort: string | null
  /** The account whose password it sets, or that it has made. Null until it has. */
  account_id: Uint8Array | null
  /** Milliseconds since 1970. */
  created_at: number
  /** Milliseconds since 1970. */
  expires_at: number
  /** Milliseconds since 1970; null until it is taken up. */
  used_at: number | null
  /** Milliseconds since 1970; null unless the host has withdrawn it. */
  withdrawn_at: number | null
}

/** One login that has not ended. */
interface SessionTable {
  /** 16 random bytes. */
  id: Uint8Array
  account_id: Uint8Array
  /** The identity key that logged in, 32 bytes: what tickets and grants say. */
  identity_key: Uint8Array
  /** SHA-256, 32 bytes. */
  directory_bearer_hash: Uint8Array
  /** SHA-256, 32 bytes. */
  auth_bearer_hash: Uint8Array
  /** SHA-256, 32 bytes. Null in a session that began before there were relays. */
  relay_bearer_hash: Uint8Array | null
  /** The id of the key that wraps the two below, 8 bytes. */
  wrapping_key_id: Uint8Array
  /** Wrapped, 60 bytes. */
  ticket_key: Uint8Array
  /** Wrapped, 60 bytes. */
  grant_key: Uint8Array
  /** Milliseconds since 1970. */
  created_at: number
  /** Milliseconds since 1970. From that moment on the session is as good as deleted. */
  expires_at: number
}

/** A session that was ended before its time, for some hours. */
interface RevocationTable {
  /** One more than the one before. */
  number: number
  /** 16 bytes. */
  session_id: Uint8Array
  /** Milliseconds since 1970. */
  ended_at: number
}

/** The authority that the database belongs to: one row. */
interface InstallationTable {
  id: number
  /** SHA-256 of the authority's public key, 32 bytes. */
  realm: Uint8Array
}

/** Attempts of one kind that have failed of late. */
interface SignInAttemptTable {
  /** Whose attempts, and from where: a hash, 32 bytes. */
  key: Uint8Array
  failures: number
  /** Until then, in milliseconds since 1970, the next one is refused. */
  next_at: number
  /** Of the last attempt: milliseconds since 1970. */
  changed_at: number
  /** When one succeeded, in milliseconds since 1970; 0 for never. */
  known_at: number
}

/** An entry of the audit log: audit/chain.ts. */
interface AuditTable {
  /** Counted from 1, without gaps. */
  number: number
  /** Milliseconds since 1970. */
  at: number
  who: string
  what: string
  subject: string
  detail: string
  /** SHA-256 of the entry before, 32 bytes; of the first one, zeros. */
  previous_hash: Uint8Array
}

/** The end of the audit log, so that a log that was cut there is noticed: one row. */
interface AuditHeadTable {
  id: number
  /** Of the last entry. */
  number: number
  /** SHA-256 of the last entry, 32 bytes. */
  hash: Uint8Array
}

export interface AuthSchema {
  account: AccountTable
  invite: InviteTable
  second_factor: SecondFactorTable
  recovery_code: RecoveryCodeTable
  session: SessionTable
  revocation: RevocationTable
  installation: InstallationTable
  sign_in_attempt: SignInAttemptTable
  audit: AuditTable
  audit_head: AuditHeadTable
}

/** The tables, each after those that it refers to. */
export const TABLES = [
  'installation',
  'account',
  'invite',
  'second_factor',
  'recovery_code',
  'session',
  'revocation',
  'sign_in_attempt',
  'audit',
  'audit_head',
] as const satisfies readonly (keyof AuthSchema)[]

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

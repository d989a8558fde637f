/**
 * Auth's tables, as its queries have them; migrations.ts makes them.
 *
 * Nothing here can be used by whoever reads it: passwords and bearers are there as hashes, keys only wrapped under a
 * key from outside the database (key-wrapping.ts).
 *
 * @module
 */
import type { RecoveryCodeTable, SecondFactorTable } from './second-factor/tables.ts'

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

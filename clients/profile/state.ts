import type { KeyPair } from '#lib/noise/primitives.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import type { Secret } from '#lib/secret.ts'
import type { SessionKeys } from '#lib/session/session-keys.ts'

export interface ProfileState {
  /** X25519. Drawn when the profile is made, and never changed. */
  readonly identity: KeyPair
  /** The account of the profile; undefined before the first login. */
  readonly account: Account | undefined
  /** The pinned keys, by name. */
  readonly pins: ReadonlyMap<string, Pin>
  /** The names of those who are not let in and not written to. */
  readonly blocked: ReadonlySet<string>
  /** Whether others are told that the user has seen what they wrote. */
  readonly receipts: boolean
  /** What lets a browser at the page of this profile; undefined where there was none yet. */
  readonly web?: WebAccess | undefined
  /** By which ways conversations may go. */
  readonly reach: Reach
  /** Whether the account or its session was there and could not be read: it is as if signed out. It is not kept. */
  readonly isLoginDamaged?: boolean
}

export interface WebAccess {
  /** The port that the page had last, so that an open page finds its client again. */
  readonly port: number
  /** The SHA-256 of each bearer that a page has, the newest last. */
  readonly bearers: readonly Uint8Array[]
  /** Links that nobody has followed yet: the SHA-256 of the token, and until when it is good, in Unix time. */
  readonly links: readonly { readonly hash: Uint8Array; readonly expiresAtMs: number }[]
}

/** Where conversations may go: directly or through a relay, whichever comes first, or only the one or the other. */
export type Reach = (typeof REACHES)[number]

export const REACHES = ['any', 'direct', 'relay'] as const

export interface Account {
  readonly username: string
  /** `HOST:PORT` of Auth. */
  readonly authAddress: string
  /** `HOST:PORT` of the directory, as Auth gave it at the last login. */
  readonly directoryAddress: string
  /** `HOST:PORT` of each relay, as Auth lists them: the host left out where it is Auth's. */
  readonly relayAddresses: readonly string[]
  /** The one certificate authority that the services are trusted by. */
  readonly authorityPem: string
  /** The realm of the installation; undefined where the authority is its first, which names it. */
  readonly realm?: Uint8Array | undefined
  /** When Auth was last asked for these, by this machine's clock: Unix time in milliseconds. */
  readonly learntAtMs?: number | undefined
  /** The difference from this machine's clock to the server's, in milliseconds, as of the last login. */
  readonly clockOffsetMs: number
  /** The ticket keys of sessions that newer ones of this profile have replaced, for letters that were sealed for them. */
  readonly formerTicketKeys?: readonly FormerTicketKey[]
  /** The session; undefined after a logout, and if it is from a build whose keys are of no use any more. */
  readonly session: Session | undefined
}

/** The realm of an account's installation: 32 bytes. */
export function realmOfAccount({ realm, authorityPem }: Pick<Account, 'realm' | 'authorityPem'>): Uint8Array {
  return realm ?? realmOf(authorityPem)
}

/** An account that has signed in, as a profile gives it to those who use its session. */
export interface SignedIn extends Account {
  /** Says how to sign in again. It is no part of what is kept. */
  readonly profileName: string
}

/** The ticket key of a session that was replaced. */
export interface FormerTicketKey {
  readonly key: Secret
  /** No ticket for it is good after that: Unix time in milliseconds, by this machine's clock. */
  readonly untilMs: number
}

export interface Session {
  /** 16 bytes, not secret. */
  readonly sessionId: Uint8Array
  readonly keys: SessionKeys
  /** The time at which it ends if it is not used before, by the server's clock: Unix time in milliseconds. */
  readonly expiresAtMs: number
}

export interface Pin {
  /** X25519, 32 bytes. */
  readonly identityKey: Uint8Array
  readonly pinnedAtMs: number
  /** Whether letters alone have shown it, which nothing confirms: until a conversation, or the user, does. */
  readonly isProvisional?: boolean
  /** The time at which the user compared safety numbers, if ever for this key. */
  readonly verifiedAtMs: number | undefined
  /** The key that was seen since under this name, and that the user has not trusted. */
  readonly changedTo: Uint8Array | undefined
  /** The time at which another key was first seen; undefined if none was, and in profiles of earlier builds. */
  readonly changedAtMs?: number | undefined
  /** The time at which the user found that their safety numbers do not agree, if that is their last finding. */
  readonly mismatchAtMs?: number | undefined
}

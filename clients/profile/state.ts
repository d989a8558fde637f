/**
 * The content of a profile, and its form as bytes: JSON, with base64 for bytes. It is never on the disk unsealed.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { IDENTITY_KEY_BYTES, REALM_BYTES } from '#lib/protocol.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { Secret } from '#lib/secret.ts'
import { SESSION_KEY_BYTES, type SessionKeys } from '#lib/session/session-keys.ts'
import { SESSION_ID_BYTES } from '#lib/ticket/grant.ts'

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

const FORMAT = 1

const SHA256_BYTES = 32

/**
 * Encode the content of a profile.
 *
 * @throws TypeError if it could not be read again: that is our own mistake, and written it would cost the identity.
 */
export function encodeState(state: ProfileState): Uint8Array {
  const encoded = toBytes(state)
  let again: ProfileState | undefined
  try {
    again = parseState(encoded)
  } catch (cause) {
    throw new TypeError('a profile that could not be read again', { cause })
  }
  if (again.isLoginDamaged) throw new TypeError('a login that could not be read again')
  return encoded
}

function toBytes({ identity, account, pins, blocked, receipts, web, reach }: ProfileState): Uint8Array {
  const json = {
    format: FORMAT,
    identity: base64(identity.secretKey),
    account: account && {
      ...account,
      realm: account.realm && base64(account.realm),
      formerTicketKeys: account.formerTicketKeys?.map(({ key, untilMs }) => ({ key: base64(key), untilMs })),
      session: account.session && sessionToJson(account.session),
    },
    pins: [...pins].map(([name, { identityKey, changedTo, ...times }]) => ({
      name,
      identityKey: base64(identityKey),
      ...times,
      changedTo: changedTo && base64(changedTo),
    })),
    blocked: [...blocked],
    receipts,
    web: web && webToJson(web),
    reach,
  }
  return Buffer.from(JSON.stringify(json), 'utf8')
}

function webToJson({ port, bearers, links }: WebAccess): Json {
  return {
    port,
    bearers: bearers.map(base64),
    links: links.map(({ hash, expiresAtMs }) => ({ hash: base64(hash), expiresAtMs })),
  }
}

function sessionToJson({ sessionId, keys, expiresAtMs }: Session): Json {
  return {
    sessionId: base64(sessionId),
    directoryBearer: base64(keys.directoryBearer),
    authBearer: base64(keys.authBearer),
    relayBearer: keys.relayBearer && base64(keys.relayBearer),
    ticketKey: base64(keys.ticketKey),
    grantKey: base64(keys.grantKey),
    expiresAtMs,
  }
}

/**
 * Read what {@link encodeState} wrote.
 *
 * An account or a session that cannot be read is left out: who signs in again has all else. Identity, pins and who is
 * blocked must be whole, for a pin that is left out would be a key that is trusted anew.
 *
 * @throws SottoError `ERR_PROFILE_DAMAGED` if it is something else, such as the profile of a newer version.
 */
export function parseState(encoded: Uint8Array): ProfileState {
  try {
    const json = JSON.parse(Buffer.from(encoded).toString('utf8')) as Json
    if (json['format'] !== FORMAT) throw new TypeError('another format')
    const { account, isLoginDamaged } = loginFromJson(json['account'])
    // A page that cannot be let in any more needs another link, and no more than that.
    const web = readable(() => optional(json['web'], webFromJson))
    return {
      identity: keyPairFrom(secret(json['identity'])),
      account,
      pins: new Map((json['pins'] as Json[]).map((pin) => [text(pin['name']), pinFromJson(pin)])),
      blocked: new Set((json['blocked'] as unknown[]).map(text)),
      // Profiles of before have no word of it.
      receipts: json['receipts'] === true,
      ...(web && { web }),
      reach: REACHES.find((reach) => reach === json['reach']) ?? 'any',
      ...(isLoginDamaged && { isLoginDamaged }),
    }
  } catch (cause) {
    throw new SottoError('ERR_PROFILE_DAMAGED', 'the profile cannot be read', {
      cause,
      hint: 'it may be of a newer version of sotto; nothing was overwritten',
    })
  }
}

type Json = Record<string, unknown>

/** The account with its session, the account alone, or nothing: what of it can be read. */
function loginFromJson(value: unknown): Pick<ProfileState, 'account' | 'isLoginDamaged'> {
  const account = readable(() => optional(value, accountFromJson))
  if (account === undefined) return { account, isLoginDamaged: value !== undefined }
  const login = readable(() => ({
    clockOffsetMs: number((value as Json)['clockOffsetMs']),
    session: optional((value as Json)['session'], sessionFromJson),
    ...formerKeysFromJson((value as Json)['formerTicketKeys']),
  }))
  return { account: { ...account, ...login }, isLoginDamaged: login === undefined }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** An account before anybody has signed in: its clock and its session are for {@link loginFromJson} to add. */
function accountFromJson(json: Json): Account {
  return {
    username: text(json['username']),
    authAddress: text(json['authAddress']),
    directoryAddress: text(json['directoryAddress']),
    // Profiles of before have none, as there were none.
    relayAddresses: json['relayAddresses'] === undefined ? [] : (json['relayAddresses'] as unknown[]).map(text),
    authorityPem: text(json['authorityPem']),
    // Profiles of before have neither.
    ...(json['realm'] !== undefined && { realm: bytes(json['realm'], REALM_BYTES) }),
    ...(json['learntAtMs'] !== undefined && { learntAtMs: time(json['learntAtMs']) }),
    clockOffsetMs: 0,
    session: undefined,
  }
}

/** The session, or none where it is of a build that derived other keys: its user signs in again. */
function sessionFromJson(json: Json): Session | undefined {
  // Until then a grant was called a reply. Its key was derived under that name, so it opens nothing that Auth seals
  // now.
  if ('replyKey' in json) return undefined
  return {
    sessionId: bytes(json['sessionId'], SESSION_ID_BYTES),
    keys: {
      directoryBearer: secret(json['directoryBearer']),
      authBearer: secret(json['authBearer']),
      relayBearer: json['relayBearer'] === undefined ? undefined : secret(json['relayBearer']),
      ticketKey: secret(json['ticketKey']),
      grantKey: secret(json['grantKey']),
    },
    expiresAtMs: time(json['expiresAtMs']),
  }
}

/** Who has signed in once has none, nor have profiles of before. */
function formerKeysFromJson(value: unknown): Pick<Account, 'formerTicketKeys'> {
  if (value === undefined) return {}
  return {
    formerTicketKeys: (value as Json[]).map(({ key, untilMs }) => ({ key: secret(key), untilMs: time(untilMs) })),
  }
}

function webFromJson(json: Json): WebAccess {
  return {
    port: number(json['port']),
    bearers: (json['bearers'] as unknown[]).map((hash) => bytes(hash, SHA256_BYTES)),
    links: (json['links'] as Json[]).map(({ hash, expiresAtMs }) => ({
      hash: bytes(hash, SHA256_BYTES),
      expiresAtMs: time(expiresAtMs),
    })),
  }
}

function pinFromJson(json: Json): Pin {
  const { changedTo } = json
  return {
    identityKey: identityKey(json['identityKey']),
    pinnedAtMs: time(json['pinnedAtMs']),
    verifiedAtMs: optionalTime(json['verifiedAtMs']),
    changedTo: changedTo === undefined ? undefined : identityKey(changedTo),
    // Profiles of before have neither.
    changedAtMs: optionalTime(json['changedAtMs']),
    mismatchAtMs: optionalTime(json['mismatchAtMs']),
    ...(json['isProvisional'] === true && { isProvisional: true }),
  }
}

function optional<T>(value: unknown, read: (json: Json) => T | undefined): T | undefined {
  return value === undefined ? undefined : read(value as Json)
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a text')
  return value
}

function number(value: unknown): number {
  // A number that is too large for JSON reads as infinite.
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('not a number')
  return value
}

/** Unix time in milliseconds that a Date can hold. */
function time(value: unknown): number {
  const ms = number(value)
  if (Number.isNaN(new Date(ms).getTime())) throw new TypeError('not a time')
  return ms
}

function optionalTime(value: unknown): number | undefined {
  return value === undefined ? undefined : time(value)
}

function secret(value: unknown): Secret {
  return Secret.of(bytes(value, SESSION_KEY_BYTES))
}

function identityKey(value: unknown): Uint8Array {
  return bytes(value, IDENTITY_KEY_BYTES)
}

function bytes(value: unknown, length: number): Uint8Array {
  const found = Buffer.from(text(value), 'base64')
  if (found.length !== length) throw new TypeError('bytes of another length')
  return found
}

function base64(bytes: Uint8Array | Secret): string {
  return Buffer.from(bytes instanceof Secret ? bytes.reveal() : bytes).toString('base64')
}

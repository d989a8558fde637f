/**
 * What a profile holds, and its form as bytes: JSON, with base64 for bytes. It never lies on the disk unsealed.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { IDENTITY_KEY_BYTES } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { SESSION_KEY_BYTES, type SessionKeys } from '#lib/session/session-keys.ts'

export interface ProfileState {
  /** X25519. Drawn when the profile is made, and never changed. */
  readonly identity: KeyPair
  /** Whose profile it is; undefined before the first login. */
  readonly account: Account | undefined
  /** By name: the people whose identity keys are known. */
  readonly pins: ReadonlyMap<string, Pin>
  /** The names of those who are not let in and not written to. */
  readonly blocked: ReadonlySet<string>
  /** Whether others are told that the user has seen what they wrote. */
  readonly receipts: boolean
}

export interface Account {
  readonly username: string
  /** `HOST:PORT` of Auth. */
  readonly authAddress: string
  /** `HOST:PORT` of the directory, as Auth gave it at the last login. */
  readonly directoryAddress: string
  /** The one certificate authority that the services are trusted by. */
  readonly authorityPem: string
  /** What to add to this machine's clock to get the server's, in milliseconds, as of the last login. */
  readonly clockOffsetMs: number
  /** Undefined after a logout, and where the session is of a build whose keys are of no use any more. */
  readonly session: Session | undefined
}

/** An account that has signed in, as a profile gives it to those who use its session. */
export interface SignedIn extends Account {
  /** Says how to sign in again. It is no part of what is kept. */
  readonly profileName: string
}

export interface Session {
  /** 16 bytes, not secret. */
  readonly sessionId: Uint8Array
  readonly keys: SessionKeys
  /** When it ends if it is not used before, by the server's clock: Unix time in milliseconds. */
  readonly expiresAtMs: number
}

export interface Pin {
  /** X25519, 32 bytes. */
  readonly identityKey: Uint8Array
  readonly pinnedAtMs: number
  /** When the user compared safety numbers, if ever for this key. */
  readonly verifiedAtMs: number | undefined
  /** The key that was seen since under this name, and that the user has not trusted. */
  readonly changedTo: Uint8Array | undefined
}

const FORMAT = 1

export function encodeState({ identity, account, pins, blocked, receipts }: ProfileState): Uint8Array {
  const json = {
    format: FORMAT,
    identity: base64(identity.secretKey),
    account: account && { ...account, session: account.session && sessionToJson(account.session) },
    pins: [...pins].map(([name, { identityKey, pinnedAtMs, verifiedAtMs, changedTo }]) => ({
      name,
      identityKey: base64(identityKey),
      pinnedAtMs,
      verifiedAtMs,
      changedTo: changedTo && base64(changedTo),
    })),
    blocked: [...blocked],
    receipts,
  }
  return Buffer.from(JSON.stringify(json), 'utf8')
}

function sessionToJson({ sessionId, keys, expiresAtMs }: Session): Json {
  return {
    sessionId: base64(sessionId),
    directoryBearer: base64(keys.directoryBearer),
    authBearer: base64(keys.authBearer),
    ticketKey: base64(keys.ticketKey),
    grantKey: base64(keys.grantKey),
    expiresAtMs,
  }
}

/**
 * Read what {@link encodeState} wrote.
 *
 * @throws SottoError `ERR_PROFILE_DAMAGED` if it is something else, such as the profile of a newer version.
 */
export function parseState(encoded: Uint8Array): ProfileState {
  try {
    const json = JSON.parse(Buffer.from(encoded).toString('utf8')) as Json
    if (json['format'] !== FORMAT) throw new TypeError('another format')
    return {
      identity: keyPairFrom(secret(json['identity'])),
      account: optional(json['account'], accountFromJson),
      pins: new Map((json['pins'] as Json[]).map((pin) => [text(pin['name']), pinFromJson(pin)])),
      blocked: new Set((json['blocked'] as unknown[]).map(text)),
      // Profiles of before have no word of it.
      receipts: json['receipts'] === true,
    }
  } catch (cause) {
    throw new SottoError('ERR_PROFILE_DAMAGED', 'the profile cannot be read', {
      cause,
      hint: 'it may be of a newer version of sotto; nothing was overwritten',
    })
  }
}

type Json = Record<string, unknown>

function accountFromJson(json: Json): Account {
  return {
    username: text(json['username']),
    authAddress: text(json['authAddress']),
    directoryAddress: text(json['directoryAddress']),
    authorityPem: text(json['authorityPem']),
    clockOffsetMs: number(json['clockOffsetMs']),
    session: optional(json['session'], sessionFromJson),
  }
}

/** The session, or none where it is of a build that derived other keys: its user signs in again. */
function sessionFromJson(json: Json): Session | undefined {
  // Until then a grant was called a reply. Its key was derived under that name, so it opens nothing that Auth seals
  // now.
  if ('replyKey' in json) return undefined
  return {
    sessionId: Buffer.from(text(json['sessionId']), 'base64'),
    keys: {
      directoryBearer: secret(json['directoryBearer']),
      authBearer: secret(json['authBearer']),
      ticketKey: secret(json['ticketKey']),
      grantKey: secret(json['grantKey']),
    },
    expiresAtMs: number(json['expiresAtMs']),
  }
}

function pinFromJson(json: Json): Pin {
  const { changedTo, verifiedAtMs } = json
  return {
    identityKey: identityKey(json['identityKey']),
    pinnedAtMs: number(json['pinnedAtMs']),
    verifiedAtMs: verifiedAtMs === undefined ? undefined : number(verifiedAtMs),
    changedTo: changedTo === undefined ? undefined : identityKey(changedTo),
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
  if (typeof value !== 'number') throw new TypeError('not a number')
  return value
}

function secret(value: unknown): Secret {
  return Secret.of(Buffer.from(text(value), 'base64'), SESSION_KEY_BYTES)
}

function identityKey(value: unknown): Uint8Array {
  const key = Buffer.from(text(value), 'base64')
  if (key.length !== IDENTITY_KEY_BYTES) throw new TypeError('not an identity key')
  return key
}

function base64(bytes: Uint8Array | Secret): string {
  return Buffer.from(bytes instanceof Secret ? bytes.reveal() : bytes).toString('base64')
}

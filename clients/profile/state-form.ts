/**
 * The content of a profile as bytes: JSON, with base64 for bytes. It is never on the disk unsealed.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { keyPairFrom } from '#lib/noise/primitives.ts'
import { REALM_BYTES } from '#lib/protocol.ts'
import { SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import {
  base64,
  bytes,
  identityKey,
  type Json,
  number,
  optional,
  optionalTime,
  readable,
  secret,
  text,
  time,
} from './json-values.ts'
import { type Account, type Pin, type ProfileState, REACHES, type Session, type WebAccess } from './state.ts'

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

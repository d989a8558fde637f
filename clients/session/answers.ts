/**
 * Checks the answers of the services against the limits of their contract, before anything of them is kept or believed.
 *
 * TLS proves who answers, but not that they are honest or correct: with a time that no clock can show, this client's
 * idea of the server's clock would be not a number, and no ticket would ever expire. An answer that breaks a limit
 * counts as one that did not come. A ticket and a grant are Auth's, and sealed; lib/ticket judges their content.
 *
 * @module
 */
import { isIP } from 'node:net'
import type {
  BeginSecondFactorResponse,
  GetServerInfoResponse,
  LoginResponse,
} from '#gen/sotto/auth/v1/auth_service.ts'
import {
  type AnnounceResponse,
  type GetPresenceResponse,
  type GrantedLetter,
  Presence,
  type RequestChatResponse,
  type WatchPresenceResponse,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { ATTENDANCE_ID_BYTES, MAX_RELAY_ADDRESS_CHARACTERS, PROTOCOL_VERSION } from '#lib/protocol.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { type FollowedAuthority, followAuthority } from '#lib/runtime/certificates/chain.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { isSame } from '#lib/same-bytes.ts'
import { RECOVERY_CODE, RECOVERY_CODES, TOTP_SECRET_BYTES } from '#lib/second-factor.ts'
import { Secret } from '#lib/secret.ts'
import { SESSION_TOKEN_BYTES } from '#lib/session/session-keys.ts'
import { GRANT_BYTES, SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import { TICKET_BYTES } from '#lib/ticket/ticket.ts'
import { isTimestamp } from '#lib/validation.ts'
import { MAX_ENDPOINTS } from './announcement/endpoints.ts'
import type { TrustedServer } from './authority.ts'

/** The longest name of the Domain Name System (RFC 1035, section 2.3.4). */
const MAX_HOST_LENGTH = 255

/** The most relays that Auth lists. */
const MAX_RELAYS = 16

/** The longest text of an IP address (RFC 4291, section 2.2): eight groups, the last two as an IPv4 address. */
const MAX_ADDRESS_LENGTH = 45

/**
 * The answer to GetServerInfo, checked, with its authorities followed from the one that is trusted.
 *
 * @throws SottoError `ERR_CA_MISMATCH` if it names another installation, or its authorities do not lead to the trusted
 *   one; `ERR_UNAVAILABLE` if it speaks another version, or an answer breaks its contract.
 */
export function checkServerInfo(
  answer: GetServerInfoResponse,
  trusted: Pick<TrustedServer, 'authorityPem' | 'realm'>,
): ServerInfo {
  if (answer.protocolVersion !== PROTOCOL_VERSION) {
    throw new SottoError('ERR_UNAVAILABLE', 'the server speaks another version of the protocol', {
      hint: 'both ends need the same version of sotto',
    })
  }
  // By this machine's clock, as TLS has it.
  const nowMs = systemClock.now().getTime()
  const { authorityPem, realm } = followAuthority(trusted.authorityPem, answer.authorities, nowMs)
  if (!isSame(answer.realm, realm) || (trusted.realm !== undefined && !isSame(trusted.realm, realm))) {
    throw new SottoError('ERR_CA_MISMATCH', 'the server names another installation than its authority', {
      hint: 'ask whoever runs the server for its ca.pem',
    })
  }
  const { directoryAddress, relayAddresses } = answer
  expect(isAddress(directoryAddress), 'auth', 'directory_address')
  expect(relayAddresses.length <= MAX_RELAYS && relayAddresses.every(isAddress), 'auth', 'relay_addresses')
  const serverTime = timeOf(answer.serverTime, 'auth', 'server_time')
  return { directoryAddress, relayAddresses, authorityPem, realm, serverTime }
}

export interface ServerInfo extends FollowedAuthority {
  /** `HOST:PORT`, the host left out where it is Auth's. */
  readonly directoryAddress: string
  /** The same of each relay. */
  readonly relayAddresses: readonly string[]
  readonly serverTime: Date
}

/** The answer to Login, checked. @throws SottoError `ERR_UNAVAILABLE` if it breaks its contract. */
export function checkLogin(answer: LoginResponse): BegunSession {
  const { sessionToken, sessionId, expiresAt, serverTime, recoveryCodes } = answer
  expect(sessionToken.length === SESSION_TOKEN_BYTES, 'auth', 'session_token')
  expect(sessionId.length === SESSION_ID_BYTES, 'auth', 'session_id')
  return {
    sessionToken,
    sessionId,
    expiresAtMs: timeOf(expiresAt, 'auth', 'expires_at').getTime(),
    serverTime: timeOf(serverTime, 'auth', 'server_time'),
    recoveryCodes: recoveryCodes.length === 0 ? [] : checkRecoveryCodes(recoveryCodes),
  }
}

/** Recovery codes, checked: a person reads and keeps them. @throws SottoError `ERR_UNAVAILABLE` if they break their contract. */
export function checkRecoveryCodes(codes: readonly string[]): readonly string[] {
  const areCodes = codes.length === RECOVERY_CODES && codes.every((code) => RECOVERY_CODE.test(code))
  expect(areCodes, 'auth', 'recovery_codes')
  return codes
}

/** The answer to BeginSecondFactor, checked. @throws SottoError `ERR_UNAVAILABLE` if it breaks its contract. */
export function checkSecret({ secret }: BeginSecondFactorResponse): Secret {
  expect(secret.length === TOTP_SECRET_BYTES, 'auth', 'secret')
  return Secret.of(secret)
}

export interface BegunSession {
  /** 32 bytes, R; to be overwritten once the keys are derived. */
  readonly sessionToken: Uint8Array
  /** 16 bytes. */
  readonly sessionId: Uint8Array
  readonly expiresAtMs: number
  readonly serverTime: Date
  /** Those of a second factor that was confirmed by this; else none. */
  readonly recoveryCodes: readonly string[]
}

/** The server's time, of an announcement that stands. @throws SottoError `ERR_UNAVAILABLE` if it breaks its contract. */
export function checkAnnounced({ serverTime, sessionExpiresAt, refusedEndpoints }: AnnounceResponse): Date {
  expect(refusedEndpoints.length <= MAX_ENDPOINTS, 'the directory', 'refused_endpoints')
  timeOf(sessionExpiresAt, 'the directory', 'session_expires_at')
  return timeOf(serverTime, 'the directory', 'server_time')
}

/** Whether somebody can be called. A value that is not known counts as that they cannot. */
export function checkPresence({ presence }: Pick<GetPresenceResponse, 'presence'>): Presence {
  return presence === Presence.ONLINE ? Presence.ONLINE : Presence.OFFLINE
}

/**
 * The answer to WatchPresence, checked: each person once, and only those who were asked for.
 *
 * @param asked - The names of the request.
 */
export function checkStates({ states }: WatchPresenceResponse, asked: readonly string[]): Map<string, Presence> {
  const names = new Set(asked)
  return new Map(
    states.filter(({ username }) => names.has(username)).map((state) => [state.username, checkPresence(state)]),
  )
}

/** The answer to RequestChat, checked. @throws SottoError `ERR_UNAVAILABLE` if it breaks its contract. */
export function checkRequestedChat(answer: RequestChatResponse): RequestChatResponse {
  const { endpoints, relay, ticket, grant } = answer
  const least = relay === undefined ? 1 : 0
  expect(endpoints.length >= least && endpoints.length <= MAX_ENDPOINTS, 'the directory', 'endpoints')
  if (relay !== undefined) {
    const { address, attendanceId } = relay
    expect(address.length <= MAX_RELAY_ADDRESS_CHARACTERS, 'the directory', 'relay.address')
    expect(attendanceId.length === ATTENDANCE_ID_BYTES, 'the directory', 'relay.attendance_id')
  }
  for (const { address, port } of endpoints) {
    expect(
      address.length <= MAX_ADDRESS_LENGTH && isIP(address) !== 0 && !address.includes('%'),
      'the directory',
      'endpoints.address',
    )
    expect(port >= 1 && port <= 65_535, 'the directory', 'endpoints.port')
  }
  expect(ticket.length === TICKET_BYTES, 'the directory', 'ticket')
  expect(grant.length === GRANT_BYTES, 'the directory', 'grant')
  return answer
}

/** The results of a call about several things, one for each. @throws SottoError `ERR_UNAVAILABLE` if there are not. */
export function checkResults(results: readonly unknown[], asked: readonly unknown[], who: string): void {
  expect(results.length === asked.length, who, 'results')
}

/** What RequestLetters gave of a letter, checked. @throws SottoError `ERR_UNAVAILABLE` if it breaks its contract. */
export function checkGrantedLetter(answer: GrantedLetter): GrantedLetter {
  expect(answer.ticket.length === TICKET_BYTES, 'the directory', 'ticket')
  expect(answer.grant.length === GRANT_BYTES, 'the directory', 'grant')
  return answer
}

function timeOf(time: Date | undefined, who: string, field: string): Date {
  expect(isTimestamp(time), who, field)
  return time
}

function isAddress(text: string): boolean {
  try {
    return parseAddress(text).host.length <= MAX_HOST_LENGTH
  } catch {
    return false
  }
}

function expect(condition: boolean, who: string, field: string): asserts condition {
  if (condition) return
  throw new SottoError('ERR_UNAVAILABLE', `the answer of ${who} breaks its contract in ${field}`, {
    hint: 'whoever runs the server has to look: both ends need the same version of sotto, and a clock that is right',
  })
}

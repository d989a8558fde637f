/**
 * The limits of DirectoryService's requests, as proto/sotto/directory/v1 states them.
 *
 * Every function throws SottoError `ERR_INVALID_ARGUMENT` that names all the fields at fault.
 *
 * @module
 */
import { isIP } from 'node:net'
import type {
  AnnounceRequest,
  GetPresenceRequest,
  ListUsersRequest,
  RequestChatRequest,
  RequestLettersRequest,
  WatchPresenceRequest,
} from '#gen/sotto/directory/v1/directory_service.ts'
import {
  ATTENDANCE_ID_BYTES,
  INSTANCE_ID_BYTES,
  MAX_LETTERS_TOGETHER,
  MAX_LISTED_USERS,
  MAX_RELAY_ADDRESS_CHARACTERS,
  MAX_WATCHED_NAMES,
} from '#lib/protocol.ts'
import { NOBODYS } from '#lib/runtime/network/ranges.ts'
import { REQUEST_NONCE_BYTES } from '#lib/ticket/grant.ts'
import { USERNAME, USERNAME_PREFIX, Violations } from '#lib/validation.ts'

/** The most endpoints of an announcement: one for each way in which a machine is commonly reached. */
export const MAX_ENDPOINTS = 8

/** The longest form of an IPv6 address: eight groups, the last two written as IPv4. */
export const MAX_ADDRESS_CHARACTERS = 45

/** The least port: those below are of the system's own services, of which no chat is one (RFC 6335, section 6). */
export const MIN_PORT = 1_024
const MAX_PORT = 65_535

/** As Auth lists them: a HOST may be empty, and is none that holds what a terminal obeys. */
const RELAY_ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]*):[0-9]{1,5}$/

export function checkAnnounceRequest({ endpoints, instanceId, relay }: AnnounceRequest): void {
  const violations = new Violations()
  const least = relay === undefined ? 1 : 0
  violations.expect(
    endpoints.length >= least && endpoints.length <= MAX_ENDPOINTS,
    'endpoints',
    `must be ${least} to ${MAX_ENDPOINTS} endpoints`,
  )
  // Beyond the limit they are not looked at: one answer must not grow with what a caller sends.
  for (const [index, { address, port }] of endpoints.slice(0, MAX_ENDPOINTS).entries()) {
    violations.expect(
      isAddress(address),
      `endpoints[${index}].address`,
      'must be the IPv4 or IPv6 literal of one machine, without a zone',
    )
    violations.expect(
      port >= MIN_PORT && port <= MAX_PORT,
      `endpoints[${index}].port`,
      `must be ${MIN_PORT} to ${MAX_PORT}`,
    )
  }
  violations.expectBytes(instanceId, INSTANCE_ID_BYTES, 'instance_id')
  if (relay !== undefined) {
    const { address, attendanceId } = relay
    violations.expect(
      RELAY_ADDRESS.test(address) && address.length <= MAX_RELAY_ADDRESS_CHARACTERS,
      'relay.address',
      `must be HOST:PORT of at most ${MAX_RELAY_ADDRESS_CHARACTERS} characters`,
    )
    violations.expectBytes(attendanceId, ATTENDANCE_ID_BYTES, 'relay.attendance_id')
  }
  violations.throwIfAny()
}

export function checkGetPresenceRequest({ username }: GetPresenceRequest): void {
  const violations = new Violations()
  violations.expectUsername(username, 'username')
  violations.throwIfAny()
}

export function checkWatchPresenceRequest({ usernames }: WatchPresenceRequest): void {
  const violations = new Violations()
  const watched = violations.expectSome(usernames, MAX_WATCHED_NAMES, 'usernames', 'names')
  violations.expectUsernames(watched, (places) => `usernames[${places}]`)
  violations.throwIfAny()
}

export function checkListUsersRequest({ prefix, pageSize, pageToken }: ListUsersRequest): void {
  const violations = new Violations()
  violations.expect(
    USERNAME_PREFIX.test(prefix),
    'prefix',
    'must be at most 32 characters of a-z, 0-9, ".", "_" and "-"',
  )
  violations.expect(pageSize <= MAX_LISTED_USERS, 'page_size', `must be at most ${MAX_LISTED_USERS}`)
  violations.expect(pageToken === '' || USERNAME.test(pageToken), 'page_token', 'must be one that an answer gave')
  violations.throwIfAny()
}

export function checkRequestChatRequest({ username, nonce }: RequestChatRequest): void {
  const violations = new Violations()
  violations.expectUsername(username, 'username')
  violations.expectBytes(nonce, REQUEST_NONCE_BYTES, 'nonce')
  violations.throwIfAny()
}

export function checkRequestLettersRequest({ letters }: RequestLettersRequest): void {
  const violations = new Violations()
  const wanted = violations.expectSome(letters, MAX_LETTERS_TOGETHER, 'letters', 'letters')
  const names = wanted.map(({ username }) => username)
  const nonces = wanted.map(({ nonce }) => nonce)
  violations.expectUsernames(names, (places) => `letters[${places}].username`)
  violations.expectBytesOfEach(nonces, REQUEST_NONCE_BYTES, (places) => `letters[${places}].nonce`)
  violations.throwIfAny()
}

/** A zone, as in fe80::1%eth0, names an interface of the receiver's machine: to anybody else it means nothing. */
function isAddress(address: string): boolean {
  const isLiteral = address.length <= MAX_ADDRESS_CHARACTERS && isIP(address) !== 0 && !address.includes('%')
  return isLiteral && !NOBODYS.has(address)
}

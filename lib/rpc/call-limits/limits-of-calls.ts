/**
 * The limits of each call of the services: the size of its request, how often it may be made, and how many streams may be
 * open. They are beside those of connections (limits.ts), and of strangers.
 *
 * They are far above what people and their programs do, and far below what a service can do: one account can take no more
 * than a small part of it from all others. Those of an address are for {@link PEOPLE_PER_ADDRESS} people behind it, such as
 * a school behind one translator, all of whom come back at once after an outage.
 *
 * docs/operations.md has this table.
 *
 * @module
 */
import { MAX_POST_BYTES, MAX_WATCHES_PER_ACCOUNT } from '../../protocol.ts'
import type { Rate } from './token-buckets.ts'

export interface CallLimits {
  /** The largest request, in bytes. */
  readonly requestBytes: number
  /** Of one account; undefined where a caller shows none. */
  readonly account?: Rate
  /** Of one address, or one /64 of IPv6. */
  readonly address: Rate
  /** How many may be open at once, where it is a stream. */
  readonly streams?: { readonly account?: number; readonly address: number }
  /** Whether it asks for no account: it then lasts no longer than a server's limits say. */
  readonly isOpenToAll?: true
}

/** How many people are behind one address unless a setting says more. */
export const PEOPLE_PER_ADDRESS = 1_000

/** The largest message of a relay, in bytes: one of a conversation, 66 KiB, with what names it around it. */
export const MAX_CARRIED_BYTES = 66 * 1024 + 16

const rate = (perSecond: number, burst: number): Rate => ({ perSecond, burst })

/** Of a stream that asks for no account: little, and not for long. Whoever needs it longer begins another. */
const OPEN_TO_ALL = { address: rate(5, 50), streams: { address: 32 }, isOpenToAll: true } as const

/** The directory has one certificate, and speaks for all: its limits are for one that has gone wrong. */
const OF_THE_DIRECTORY = { address: rate(10_000, 50_000) }

/** By the path without the first slash. */
export const LIMITS_OF_CALLS: Readonly<Record<string, CallLimits>> = {
  'sotto.auth.v1.AuthService/GetServerInfo': { requestBytes: 256, address: rate(200, 4_000) },
  // Where a password is shown, the attempts of an account are counted by network: an owner is never kept out by others
  // (sign-in-attempts.ts).
  'sotto.auth.v1.AuthService/Login': { requestBytes: 4_096, address: rate(50, 2_000) },
  'sotto.auth.v1.AuthService/Join': { requestBytes: 4_096, address: rate(50, 2_000) },
  'sotto.auth.v1.AuthService/ChangePassword': { requestBytes: 4_096, account: rate(1, 20), address: rate(20, 1_000) },
  'sotto.auth.v1.AuthService/BeginSecondFactor': { requestBytes: 4_096, address: rate(20, 1_000) },
  'sotto.auth.v1.AuthService/RenewRecoveryCodes': { requestBytes: 4_096, address: rate(20, 1_000) },
  'sotto.auth.v1.AuthService/EndSecondFactor': { requestBytes: 4_096, address: rate(20, 1_000) },
  'sotto.auth.v1.AuthService/GetSecondFactor': { requestBytes: 256, account: rate(5, 100), address: rate(100, 2_000) },
  'sotto.auth.v1.AuthService/ListSessions': { requestBytes: 256, account: rate(5, 100), address: rate(100, 2_000) },
  'sotto.auth.v1.AuthService/EndSessions': { requestBytes: 1_024, account: rate(5, 100), address: rate(100, 2_000) },
  'sotto.auth.v1.AuthService/Logout': { requestBytes: 256, account: rate(5, 100), address: rate(100, 2_000) },

  'sotto.directory.v1.DirectoryService/Announce': {
    requestBytes: 1_024,
    account: rate(2, 60),
    address: rate(200, 4_000),
    streams: { account: 8, address: 2_000 },
  },
  'sotto.directory.v1.DirectoryService/GetPresence': {
    requestBytes: 256,
    account: rate(50, 500),
    address: rate(2_000, 20_000),
  },
  'sotto.directory.v1.DirectoryService/WatchPresence': {
    // 256 names of 32 characters.
    requestBytes: 10_240,
    account: rate(5, 100),
    address: rate(500, 5_000),
    streams: { account: MAX_WATCHES_PER_ACCOUNT, address: 4_000 },
  },
  'sotto.directory.v1.DirectoryService/ListUsers': {
    requestBytes: 256,
    account: rate(10, 200),
    address: rate(500, 5_000),
  },
  'sotto.directory.v1.DirectoryService/RequestChat': {
    requestBytes: 256,
    account: rate(20, 200),
    address: rate(1_000, 10_000),
  },
  // 32 letters, each of which counts as a call.
  'sotto.directory.v1.DirectoryService/RequestLetters': {
    requestBytes: 2_048,
    account: rate(20, 200),
    address: rate(1_000, 10_000),
  },

  'sotto.relay.v1.RelayService/Attend': {
    requestBytes: 64,
    account: rate(2, 60),
    address: rate(200, 4_000),
    streams: { address: 2_000 },
  },
  // A message of a conversation is carried, record and all.
  'sotto.relay.v1.RelayService/Call': {
    requestBytes: MAX_CARRIED_BYTES,
    account: rate(5, 100),
    address: rate(500, 5_000),
    streams: { address: 16_000 },
  },
  'sotto.relay.v1.RelayService/Answer': {
    requestBytes: MAX_CARRIED_BYTES,
    account: rate(20, 500),
    address: rate(500, 5_000),
    streams: { address: 16_000 },
  },
  // 32 prekeys and the one of last resort, of 1,245 bytes each.
  'sotto.relay.v1.MailboxService/PutPrekeys': {
    requestBytes: 45_056,
    account: rate(1, 30),
    address: rate(200, 4_000),
  },
  // 32 people, each of whom counts as a call.
  'sotto.relay.v1.MailboxService/TakePrekeys': {
    requestBytes: 2_048,
    account: rate(20, 200),
    address: rate(500, 5_000),
  },
  // A letter of 65,024 bytes, and whom it is for; or several smaller ones, each of which counts as a call.
  'sotto.relay.v1.MailboxService/PostLetters': {
    requestBytes: MAX_POST_BYTES,
    account: rate(20, 200),
    address: rate(500, 5_000),
  },
  // What is acknowledged: 128 ids.
  'sotto.relay.v1.MailboxService/Collect': {
    requestBytes: 4_096,
    account: rate(2, 60),
    address: rate(200, 4_000),
    streams: { address: 2_000 },
  },

  'sotto.sealing.v1.SealingService/Authenticate': { requestBytes: 256, ...OF_THE_DIRECTORY },
  'sotto.sealing.v1.SealingService/FindAccount': { requestBytes: 256, ...OF_THE_DIRECTORY },
  'sotto.sealing.v1.SealingService/ListAccounts': { requestBytes: 256, ...OF_THE_DIRECTORY },
  // 32 conversations.
  'sotto.sealing.v1.SealingService/SealChats': { requestBytes: 10_240, ...OF_THE_DIRECTORY },
  // 32 letters.
  'sotto.sealing.v1.SealingService/SealLetters': { requestBytes: 10_240, ...OF_THE_DIRECTORY },
  'sotto.sealing.v1.SealingService/WatchRevocations': {
    requestBytes: 256,
    address: rate(20, 200),
    streams: { address: 64 },
  },

  'grpc.health.v1.Health/Check': { requestBytes: 256, address: rate(50, 500) },
  'grpc.health.v1.Health/List': { requestBytes: 256, address: rate(10, 100) },
  'grpc.health.v1.Health/Watch': { requestBytes: 256, ...OPEN_TO_ALL },
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo': { requestBytes: 4_096, ...OPEN_TO_ALL },
  'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': { requestBytes: 4_096, ...OPEN_TO_ALL },

  // Calls that no service has, and those with too much metadata (standard/refused-calls.ts).
  'sotto.Refused/UnknownMethod': { requestBytes: 256, address: rate(10, 100) },
  'sotto.Refused/TooMuchMetadata': { requestBytes: 256, address: rate(10, 100) },
}

/**
 * The limits of a call; undefined for one that is served by a person's own program, or by a test.
 *
 * @param path - As on the wire, with its first slash.
 */
export function limitsOf(path: string): CallLimits | undefined {
  return LIMITS_OF_CALLS[path.slice(1)]
}

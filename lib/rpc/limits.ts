/**
 * The limits of a server, so that nobody can make it hold memory, sockets or timers without end.
 *
 * @module
 */

import type { CallLimiterLimits, LimitFactors } from './call-limits/call-limiter.ts'
import { MAX_CARRIED_BYTES, PEOPLE_PER_ADDRESS } from './call-limits/limits-of-calls.ts'
import type { EarnedWindowLimits } from './sockets/earned-windows.ts'
import type { LineLimits } from './sockets/entrance/entrance.ts'
import type { StrangerPlacesLimits } from './sockets/entrance/stranger-places.ts'
import type { HeldLimits } from './sockets/held/held-bytes.ts'
import type { RoomLimits } from './sockets/waiting-room.ts'

/** The limits for callers who have not been let in. */
export interface StrangerLimits {
  /** Their connections that are served at once. */
  readonly connections: StrangerPlacesLimits
  /** Their connections that wait until they are served. */
  readonly line: LineLimits
  /** Their calls at once; the one that has waited longest makes room. */
  readonly calls: RoomLimits
  /** How long a new connection may take until a call over it is let in, in milliseconds. */
  readonly admissionTimeoutMs: number
  /**
   * How long a connection is no stranger's once a call over it was let in: for as long as that call lasts, or until it is
   * closed.
   */
  readonly admission: 'call' | 'connection'
  /** Calls open at once on one connection over which nobody was let in yet; as many as later unless set. */
  readonly streamsPerConnection?: number
  /**
   * How many connections beyond the limits of all are taken in to tell their callers that there is no room; none unless
   * set: they are closed as they come.
   */
  readonly surplusConnections?: number
}

export interface ServerLimits {
  /** Largest message taken in, in bytes. */
  readonly maxReceiveBytes: number
  /** Calls open at once on one connection. */
  readonly maxStreamsPerConnection: number
  /** Memory that HTTP/2 may hold for one connection before it refuses new calls, in megabytes. */
  readonly maxSessionMegabytes: number
  /**
   * How much may be under way to the server in one call, in bytes, and over one connection: there HTTP/2 begins with no
   * less than 65,535. It is what a hostile caller can make the server hold beside a message that comes.
   */
  readonly receiveWindowBytes: number
  /** The window of a connection over which somebody was let in; the same as before unless set. */
  readonly earnedWindow?: EarnedWindowLimits
  /** How many messages of a stream are read before they are asked for; 16 unless set. */
  readonly readAhead?: number
  /** What may wait of requests until somebody takes it, whoever sent it; undefined where nobody counts that. */
  readonly held?: HeldLimits
  /** Connections open at once. */
  readonly maxConnections: number
  /** Connections open at once from one address, or from one /64 of IPv6. */
  readonly maxConnectionsPerNetwork: number
  /** The limits for strangers; undefined where nobody is let in by what they say in a call. */
  readonly strangers?: StrangerLimits
  /** How the limits of each call count (call-limits/limits-of-calls.ts); undefined where calls have none. */
  readonly calls?: CallLimiterLimits
  /** How long a connection may take for TLS, and then again until its first call, in milliseconds. */
  readonly firstCallTimeoutMs: number
  /** How long a call may take until its (first) request message is there whole, in milliseconds. */
  readonly firstMessageTimeoutMs: number
  /** How long a caller has to end its half of a call that is answered, in milliseconds, before the call is reset. */
  readonly lingerMs: number
  /** How long a connection may stay without a call, in milliseconds. */
  readonly idleTimeoutMs: number
  /** The silence on a connection with calls after which a sign of life is asked for, in milliseconds. */
  readonly keepaliveMs: number
}

/**
 * The limits of what the services have beside those for everybody: the directory's calls to Auth, whose certificate lets
 * it in, and channelz on loopback. The largest request is a watch of 256 names, 8.5 KiB.
 */
export const INTERNAL_LIMITS: ServerLimits = {
  maxReceiveBytes: 16 * 1024,
  maxStreamsPerConnection: 100,
  maxSessionMegabytes: 10,
  receiveWindowBytes: 64 * 1024,
  maxConnections: 10_000,
  maxConnectionsPerNetwork: 1_000,
  firstCallTimeoutMs: 10_000,
  firstMessageTimeoutMs: 10_000,
  lingerMs: 2_000,
  idleTimeoutMs: 5 * 60_000,
  keepaliveMs: 20_000,
}

/** The limits of calls as their table has them. Health and reflection are looked at for as long as ten minutes at a time. */
const CALL_LIMITS: CallLimiterLimits = { factors: { account: 1, address: 1 }, openStreamMs: 10 * 60_000 }

/** The limits of Auth towards the directory. */
export const SEALING_LIMITS: ServerLimits = { ...INTERNAL_LIMITS, calls: CALL_LIMITS }

/**
 * The limits of a service for everybody, with settings of the host's.
 *
 * @param mostPerAddress - Connections from one address. What an address may call grows with them.
 * @param ratePerAccount - How many times as often as the table says an account may call.
 */
export function serviceLimits(mostPerAddress: number, ratePerAccount: number): ServerLimits {
  const factors = { account: ratePerAccount, address: Math.max(1, mostPerAddress / PEOPLE_PER_ADDRESS) }
  const held = heldLimits(SERVICE_HELD, factors)
  return { ...SERVICE_LIMITS, maxConnectionsPerNetwork: mostPerAddress, held, calls: { ...CALL_LIMITS, factors } }
}

/** The same budgets, with more for an account and a network, up to that of all. */
function heldLimits(limits: HeldLimits, factors: LimitFactors): HeldLimits {
  const most = (bytes: number, factor: number) => Math.min(limits.totalBytes, bytes * factor)
  return {
    ...limits,
    networkBytes: most(limits.networkBytes, factors.address),
    accountBytes: most(limits.accountBytes, factors.account),
  }
}

const MIB = 1024 * 1024

/**
 * What all who call a service may make it hold, let in or not: 5,000 calls that have only just begun. A client has some ten
 * calls under way, of a few hundred bytes. An account may have 300, and a network, of a thousand people, 1,300.
 */
const SERVICE_HELD: HeldLimits = {
  totalBytes: 64 * MIB,
  networkBytes: 16 * MIB,
  accountBytes: 4 * MIB,
  connectionBytes: 2 * MIB,
}

/**
 * The limits of auth and directory. A whole class behind one address translator shares one address, and may sign in within
 * one minute: whoever reads a password from a person need not keep a place meanwhile, as clients connect again.
 *
 * What strangers can make a service hold is at most 64 MiB, measured as its resident memory by
 * test/system/faults/strangers-memory.test.ts: 4 waves of 480 connections from 4 addresses, each with 20 calls of an unfinished
 * request of 16 KiB, add 20 to 40 MiB to a service whose heap may have 80. Held are 10 MiB, some 110 KiB a connection and
 * 16 KiB a call; the rest is garbage, and what the allocator keeps of it: over a connection 64 KiB come before the caller
 * has heard of a smaller window. So it is the places that count, not the windows. With 384 places and 100 calls on each it
 * was 330 MiB.
 *
 * Who finds no place waits in line before anything of theirs is served (sockets/entrance): there it is 11 KB each with a
 * ClientHello, of resident memory, so that a full line holds 22 MB. It is as long as the handshakes of some ten seconds, and
 * so long clients wait.
 *
 * Who has sent the whole of a sign-in waits for the hash of the password, and is vouched for meanwhile: as many as may wait
 * there have places beside the others, so that nobody who is nearly in has to make room.
 */
export const SERVICE_LIMITS: ServerLimits = {
  ...INTERNAL_LIMITS,
  calls: CALL_LIMITS,
  held: SERVICE_HELD,
  maxSessionMegabytes: 1,
  receiveWindowBytes: 4 * 1024,
  earnedWindow: {
    bytes: INTERNAL_LIMITS.receiveWindowBytes,
    totalBytes: INTERNAL_LIMITS.receiveWindowBytes * INTERNAL_LIMITS.maxConnections,
  },
  strangers: {
    connections: { places: 64, placesPerNetwork: 56, vouchedPlaces: 128 },
    line: { most: 2_048, partOfAll: 1 / 12, bytes: 4 * 1024 },
    calls: { places: 64, placesPerNetwork: 64, vouchedPlaces: 128 },
    admissionTimeoutMs: 30_000,
    admission: 'connection',
    streamsPerConnection: 2,
    surplusConnections: 16,
  },
}

/**
 * What may be under way to either end of a conversation, in bytes: as much as files may have (send-window.ts), so that
 * they do not wait in the transport, where texts would wait behind them. 8 MiB carries 200 MB/s over 40 ms.
 */
export const CONVERSATION_WINDOW_BYTES = 8 * 1024 * 1024

/**
 * Conversations at once, of callers who are let in: more than a person follows, and more than a school year has pupils. Each
 * may hold a part of a message, 1 MiB at most: it takes as many accounts as there are parts.
 */
export const MAX_CONVERSATIONS = 512

/** Callers at once who have shown a ticket, and have confirmed it by no record yet: 17 MiB with the record they say. */
const VOUCHED_CALLERS = 256

/**
 * What callers may make a receiver hold of records that come: as much as the windows of all conversations together, and the
 * records that are read ahead of those that are slow to be kept.
 */
const PEER_HELD: HeldLimits = {
  totalBytes: 96 * MIB,
  networkBytes: 96 * MIB,
  accountBytes: 96 * MIB,
  connectionBytes: 16 * MIB,
}

/**
 * The limits of a receiver's own server. A record is at most 65,535 bytes, so a message is little more, and what strangers
 * can make it hold are their calls, each with a message that comes and a window behind it, 80 of 82 KiB, and what is sent
 * while they wait in line: less than 8 MiB. A Hello has some 2 KiB, so that the window is no narrower to those who have a
 * ticket.
 *
 * Everybody behind one address may come back at once after an outage, such as a class: nobody counts the connections of
 * one network who were let in, and the others wait in line (sockets/entrance). Those who are let in are counted by
 * whoever holds their conversations; that and all who wait are less than the connections here, which are a second line.
 */
export const PEER_LIMITS: ServerLimits = {
  maxReceiveBytes: 66 * 1024,
  maxStreamsPerConnection: 8,
  maxSessionMegabytes: 10,
  receiveWindowBytes: 16 * 1024,
  held: PEER_HELD,
  earnedWindow: { bytes: CONVERSATION_WINDOW_BYTES, totalBytes: 64 * 1024 * 1024 },
  maxConnections: 3 * MAX_CONVERSATIONS,
  maxConnectionsPerNetwork: 3 * MAX_CONVERSATIONS,
  strangers: {
    connections: { places: 96, placesPerNetwork: 80, vouchedPlaces: VOUCHED_CALLERS },
    line: { most: 512, partOfAll: 1 / 2, bytes: 512 },
    calls: { places: 80, placesPerNetwork: 72, vouchedPlaces: VOUCHED_CALLERS },
    admissionTimeoutMs: 15_000,
    admission: 'call',
  },
  firstCallTimeoutMs: 5_000,
  firstMessageTimeoutMs: 5_000,
  lingerMs: 2_000,
  idleTimeoutMs: 60_000,
  keepaliveMs: 20_000,
}

/**
 * The limits of a client's own socket (clients/agent), which its user alone can open: a text is at most 1 MiB, and so is
 * a piece of a file. Watchers come and go with the programs of one person.
 */
export const AGENT_LIMITS: ServerLimits = {
  ...INTERNAL_LIMITS,
  maxReceiveBytes: 1_280 * 1024,
  receiveWindowBytes: 1_280 * 1024,
  maxConnections: 128,
  maxConnectionsPerNetwork: 128,
}

/**
 * What callers may make a relay hold: of 2,000 joined calls that nobody takes anything of, all that it may hold. An account
 * that has as many conversations as it may, none of which moves, is within its own.
 */
const RELAY_HELD: HeldLimits = {
  totalBytes: 256 * MIB,
  networkBytes: 128 * MIB,
  accountBytes: 64 * MIB,
  connectionBytes: 64 * MIB,
}

/**
 * The limits of a relay. A call that is joined has one message of 66 KiB under way in each direction, a window behind it, and
 * the pieces of 16 KiB between them that have been read and are no message yet: 256 KiB at most, as its test measures. The
 * window of a connection is wider, so that conversations that somebody is slow to take do not stop the others over the
 * same connection: it takes 42 of them.
 */
export const RELAY_LIMITS: ServerLimits = {
  ...SERVICE_LIMITS,
  maxReceiveBytes: MAX_CARRIED_BYTES,
  // An attendance, and each conversation that it has brought.
  maxStreamsPerConnection: 320,
  maxSessionMegabytes: 32,
  earnedWindow: {
    bytes: 1024 * 1024,
    callBytes: 24 * 1024,
    // What calls hold is what counts.
    totalBytes: Number.POSITIVE_INFINITY,
  },
  readAhead: 0,
  held: RELAY_HELD,
}

/**
 * The limits of a relay, with the host's settings: how many times as often an account may call, and connections from one
 * address, with which grows what it may call.
 */
export function relayLimits(mostPerAddress: number, ratePerAccount: number): ServerLimits {
  const factors = { account: ratePerAccount, address: Math.max(1, mostPerAddress / PEOPLE_PER_ADDRESS) }
  return { ...RELAY_LIMITS, held: heldLimits(RELAY_HELD, factors), calls: { ...CALL_LIMITS, factors } }
}

/**
 * What a server allows the other end, so that nobody can make it hold memory, sockets or timers without end.
 *
 * @module
 */

export interface ServerLimits {
  /** Largest message taken in, in bytes. */
  readonly maxReceiveBytes: number
  /** Calls open at once on one connection. */
  readonly maxStreamsPerConnection: number
  /** Memory that one HTTP/2 session may hold, in megabytes. */
  readonly maxSessionMegabytes: number
  /** Connections open at once; further ones are closed as they come. */
  readonly maxConnections: number
  /** Of those, from one address. */
  readonly maxConnectionsPerAddress: number
  /** How long a connection may take for TLS, and then again until its first call, in milliseconds. */
  readonly firstCallTimeoutMs: number
  /** How long a call may take until its (first) request message is there whole, in milliseconds. */
  readonly firstMessageTimeoutMs: number
  /** How long a connection may stay without a call, in milliseconds. */
  readonly idleTimeoutMs: number
}

/**
 * For auth and directory. The largest request is a login of about 1.2 KiB, and 256 KiB leaves room to grow; a class
 * behind one address translator shares one address.
 */
export const SERVICE_LIMITS: ServerLimits = {
  maxReceiveBytes: 256 * 1024,
  maxStreamsPerConnection: 100,
  maxSessionMegabytes: 8,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  firstCallTimeoutMs: 5_000,
  firstMessageTimeoutMs: 10_000,
  idleTimeoutMs: 5 * 60_000,
}

/** For a receiver's own server: a record is at most 65,535 bytes, and a person talks to some tens of others. */
export const PEER_LIMITS: ServerLimits = {
  maxReceiveBytes: 128 * 1024,
  maxStreamsPerConnection: 8,
  maxSessionMegabytes: 4,
  maxConnections: 128,
  maxConnectionsPerAddress: 32,
  firstCallTimeoutMs: 5_000,
  firstMessageTimeoutMs: 5_000,
  idleTimeoutMs: 60_000,
}

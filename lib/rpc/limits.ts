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
  /** Memory that HTTP/2 may hold for one connection before it refuses new calls, in megabytes. */
  readonly maxSessionMegabytes: number
  /**
   * How much may be under way to the server on one connection, in bytes: what a hostile caller can make it hold. The
   * default of HTTP/2, 65,535, allows 64 KiB a round trip.
   */
  readonly receiveWindowBytes: number
  /** Connections open at once; further ones are closed as they come. */
  readonly maxConnections: number
  /** Of those, from one address. */
  readonly maxConnectionsPerAddress: number
  /** How long a connection may take for TLS, and then again until its first call, in milliseconds. */
  readonly firstCallTimeoutMs: number
  /** How long a call may take until its (first) request message is there whole, in milliseconds. */
  readonly firstMessageTimeoutMs: number
  /** How long a caller has to end its half of a call that is answered, in milliseconds, before the call is reset. */
  readonly lingerMs: number
  /** How long a connection may stay without a call, in milliseconds. */
  readonly idleTimeoutMs: number
  /** After this long without a sign of life on a connection with calls it is asked for one, in milliseconds. */
  readonly keepaliveMs: number
}

/**
 * For auth and directory. The largest request is a login of about 1.2 KiB, and 256 KiB leaves room to grow. A whole
 * class behind one address translator shares one address.
 */
export const SERVICE_LIMITS: ServerLimits = {
  maxReceiveBytes: 256 * 1024,
  maxStreamsPerConnection: 100,
  maxSessionMegabytes: 10,
  receiveWindowBytes: 256 * 1024,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  firstCallTimeoutMs: 10_000,
  firstMessageTimeoutMs: 10_000,
  lingerMs: 2_000,
  idleTimeoutMs: 5 * 60_000,
  keepaliveMs: 20_000,
}

/**
 * For a receiver's own server. A record is at most 65,535 bytes; a window of 1 MiB carries 25 MB/s over 40 ms, and
 * connections times windows, 64 MiB, is what strangers can make it hold.
 */
export const PEER_LIMITS: ServerLimits = {
  maxReceiveBytes: 128 * 1024,
  maxStreamsPerConnection: 8,
  maxSessionMegabytes: 10,
  receiveWindowBytes: 1024 * 1024,
  maxConnections: 64,
  maxConnectionsPerAddress: 32,
  firstCallTimeoutMs: 5_000,
  firstMessageTimeoutMs: 5_000,
  lingerMs: 2_000,
  idleTimeoutMs: 60_000,
  keepaliveMs: 20_000,
}

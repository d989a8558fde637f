/**
 * Word of each connection that a server of this process has cut, for whoever counts them. Where nobody listens it costs
 * nothing.
 *
 * @module
 */
import { channel } from 'node:diagnostics_channel'

/**
 * Why a connection was cut. `lib/rpc/sockets/guard/bounds.ts` has the bound of each.
 *
 * Too slow: no TLS in time, no call, no whole request, nobody who was let in, a message that stopped, nothing taken of what
 * was sent. Too much: pings, settings, calls, framing around no content. Too many: it had to make room, or there was none.
 * And what breaks HTTP/2. Where the PROXY protocol has to come first: no header of it from somebody trusted.
 *
 * At the door: no ClientHello, no name of a service in it, and a service that does not answer.
 */
export type CutReason =
  | 'handshake'
  | 'silent'
  | 'request'
  | 'stranger'
  | 'message'
  | 'unread'
  | 'pings'
  | 'settings'
  | 'calls'
  | 'framing'
  | 'crowd'
  | 'full'
  | 'protocol'
  | 'proxy'
  | 'hello'
  | 'name'
  | 'unreachable'

export interface CutEvent {
  readonly reason: CutReason
  /** The address of the other end, or its /64; `unknown` if it has gone. */
  readonly network: string
}

/** The channel of {@link CutEvent}s. */
export const CUTS = channel('sotto.rpc.cut')

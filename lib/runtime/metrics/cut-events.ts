/**
 * Word of each connection that a server of this process has cut, for whoever counts them. Where nobody listens it costs
 * nothing.
 *
 * @module
 */
import { channel } from 'node:diagnostics_channel'

/** Why a connection was cut: what it flooded, that it began no call in time, or that it broke HTTP/2. */
export type CutReason = 'pings' | 'settings' | 'silent' | 'protocol'

export interface CutEvent {
  readonly reason: CutReason
  /** The address of the other end; undefined if it has gone. */
  readonly peer: string | undefined
}

/** The channel of {@link CutEvent}s. */
export const CUTS = channel('sotto.rpc.cut')

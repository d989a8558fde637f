/**
 * Word of each call that was one too many, for whoever counts them. Where nobody listens it costs nothing.
 *
 * @module
 */
import { channel } from 'node:diagnostics_channel'

/** Which limit it met: how often somebody calls, how many streams are open, or how much is held. */
export type LimitName = 'account rate' | 'address rate' | 'account streams' | 'address streams' | 'held bytes'

export interface LimitedEvent {
  /** Such as `sotto.directory.v1.DirectoryService/RequestChat`. */
  readonly method: string
  readonly limit: LimitName
}

/** The channel of {@link LimitedEvent}s. */
export const LIMITED = channel('sotto.rpc.limited')

/**
 * Word of each call that a server of this process has finished, for whoever counts them. Where nobody listens it costs
 * nothing.
 *
 * @module
 */
import { channel } from 'node:diagnostics_channel'

/** What is known of a call when it is over. */
export interface CallEvent {
  /** Such as `sotto.auth.v1.AuthService/Login`. */
  readonly method: string
  /** The canonical gRPC status, such as `OK`. */
  readonly status: string
  /** Our code of the refusal, such as `ERR_BUSY`; empty if there was none. */
  readonly reason: string
  readonly seconds: number
}

/** The channel of {@link CallEvent}s. */
export const CALLS = channel('sotto.rpc.call')

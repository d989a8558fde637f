/**
 * The interface that opener and host of a renewal share (docs/protocol.md, section 7): their tasks for the owner of the
 * channel, and the controls that they send and receive.
 *
 * @module
 */
import type { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '#lib/errors.ts'
import type { Clocks } from '#lib/ticket/replay-cache.ts'
import type { Channel } from './channel.ts'
import type { IssuedTicket } from './renewal.ts'

type Control = NonNullable<RecordBody['control']>

/** A control that renews; it is alone in its record. */
export type RenewalControl = Extract<Control, { readonly $case: `renew${string}` }>

/**
 * A task for the owner.
 *
 * - `askForTicket`: ask the directory for the receiver again; {@link RenewalRole.learn} takes what comes of it.
 * - `tryServices`: find out whether the services answer; `learn` takes that too.
 * - `close`: say Close, with the reason `EXPIRED`.
 */
export type RenewalTask = 'askForTicket' | 'tryServices' | 'close'

/** The answer of the services, or that there is none. */
export type ServicesAnswer =
  /** A ticket and its grant: the opener asked for them. */
  | { readonly $case: 'issued'; readonly issued: IssuedTicket }
  /** The services answer: the host tried them. */
  | { readonly $case: 'reachable' }
  /** The services cannot be reached, are out of order, or have too much to do. */
  | { readonly $case: 'unreachable' }
  /** The receiver is not online. */
  | { readonly $case: 'absent' }
  /** The services refuse this side, or the other. */
  | { readonly $case: 'refused' }

/** A control to send now. */
export interface RenewalTurn {
  readonly control: RenewalControl
  /** The channel that seals everything after it, if that is another one. */
  readonly after: Channel | undefined
}

export interface RenewalRole {
  /** The task for the owner now; each is given once. */
  advance(nowMs: number): RenewalTask | undefined
  /** The time to advance again, unless the owner learns or hears something before. */
  readonly dueAtMs: number
  /** Take what came of a task. What comes too late, or for nothing, changes nothing. */
  learn(answer: ServicesAnswer, clocks: Clocks, current: Channel): void
  /** The control to send now; undefined if there is none. It counts as sent. */
  take(nowMs: number): RenewalTurn | undefined
  /**
   * Take in what the other end says.
   *
   * @param current - The channel that opened it, and that a renewal is to replace.
   * @returns What opens everything after it, where that is another channel.
   * @throws SottoError `ERR_RECORD_MALFORMED` for what is out of its turn; the errors of a handshake that fails.
   */
  receive(control: RenewalControl, clocks: Clocks, current: Channel): Channel | undefined
}

/** The other end says something that it must not say now. */
export function outOfTurn(): SottoError {
  return new SottoError('ERR_RECORD_MALFORMED', 'a renewal is out of its turn')
}

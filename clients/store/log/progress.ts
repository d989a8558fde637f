/**
 * The progress of what was sent to a contact, and the state of a message that follows from it.
 *
 * @module
 */
import type { KeyState } from '../rows/contact-state.ts'
import { postedThrough } from './posted.ts'

/** The progress of what was sent: each mark is the ordinal of an event, 0 for none. */
export interface Progress {
  /** The last event that there is. */
  readonly appended: number
  /** The last event that lies in the other side's mailbox, or was delivered. */
  readonly posted: number
  /** The last event that may have reached the other side, or its mailbox. */
  readonly sent: number
  /** The last event that the other side has stored. */
  readonly delivered: number
  /** The last event that the other side's user has read. */
  readonly read: number
}

/** The state of a message to a contact: the marks in words. */
export type OutgoingState = 'waiting' | 'posted' | 'sent' | 'delivered' | 'read'

/** The progress of what was sent to a key. */
export function progressOf({ outgoing }: KeyState, nowMs: number): Progress {
  const { appended, handedOver: sent, acknowledged: delivered, read } = outgoing
  return { appended, sent, posted: postedThrough(outgoing, nowMs), delivered, read }
}

/** The state of the message with an ordinal. */
export function stateAt(ordinal: number, { read, delivered, posted, sent }: Progress): OutgoingState {
  if (ordinal <= read) return 'read'
  if (ordinal <= delivered) return 'delivered'
  if (ordinal <= posted) return 'posted'
  return ordinal <= sent ? 'sent' : 'waiting'
}

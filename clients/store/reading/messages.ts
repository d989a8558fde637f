/**
 * Messages, as they are shown: events with what is known of them.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { decodeEvent } from '#lib/delivery/text-event.ts'
import { postedThrough } from '../log/posted.ts'
import type { Direction } from '../rows/batch.ts'
import type { DamagedBatch, NumberedBatch } from '../rows/batches.ts'
import type { ContactState, KeyState, OutgoingState } from '../rows/contact-state.ts'
import { covers } from '../rows/ordinal-ranges.ts'

/** The state of a message: `received` of one from the contact, the others of one to the contact. */
export type MessageState = 'waiting' | 'posted' | 'sent' | 'delivered' | 'read' | 'dropped' | 'received'

/** The position of a message in its conversation. Later is greater: first by batch, then by index. */
export interface Position {
  readonly batch: number
  readonly index: number
}

export interface Message {
  readonly kind: 'message'
  readonly contact: string
  readonly position: Position
  readonly direction: Direction
  readonly state: MessageState
  /** Whether it came by letter: of one from the contact alone. */
  readonly isLetter: boolean
  /** The number of the message among all that was sent to this key, or received from it, from 1. */
  readonly ordinal: number
  /** The contact's key that it was sent to, or received from; undefined for one that waits for any key. */
  readonly identityKey: Uint8Array | undefined
  readonly storedAt: Date
  readonly event: Event
}

/** Stands where messages are missing or cannot be read, because the store was changed from outside. */
export interface Gap {
  readonly kind: 'gap'
  readonly contact: string
  readonly position: Position
}

/** When a message was written, by the writer's clock; when it was stored, if it does not say. */
export function writtenAtOf({ event, storedAt }: Pick<Message, 'event' | 'storedAt'>): Date {
  return event.writtenAt ?? storedAt
}

/** The messages of a batch, in order; a gap in place of one that is damaged. */
export function messagesOf(contact: ContactState, { number, batch }: NumberedBatch | DamagedBatch): (Message | Gap)[] {
  const { name } = contact
  if (batch === undefined) return [gapAt(name, number)]
  return batch.events.map((event, index) => messageAt(contact, { number, batch }, index, decodeEvent(event)))
}

/** A gap in place of a batch that is damaged. */
export function gapAt(contact: string, number: number): Gap {
  return { kind: 'gap', contact, position: { batch: number, index: 0 } }
}

/** The message at a place of a batch, whose event was decoded already. */
export function messageAt(
  contact: ContactState,
  { number, batch }: NumberedBatch,
  index: number,
  event: Event,
): Message {
  const { direction, isLetter = false, storedAt, first, key } = batch
  const { identityKey, outgoing } = contact.keys[key] as KeyState
  return {
    kind: 'message',
    contact: contact.name,
    position: { batch: number, index },
    direction,
    state: direction === 'incoming' ? 'received' : stateOf(first + index, outgoing),
    isLetter,
    ordinal: first + index,
    identityKey,
    storedAt,
    event,
  }
}

function stateOf(ordinal: number, outgoing: OutgoingState): MessageState {
  const { read, acknowledged, handedOver, dropped } = outgoing
  if (covers(dropped, ordinal)) return 'dropped'
  if (ordinal <= read) return 'read'
  if (ordinal <= acknowledged) return 'delivered'
  // Whatever the time: once the letters can no longer be opened, whoever runs posts them anew.
  if (ordinal <= postedThrough(outgoing, Number.NEGATIVE_INFINITY)) return 'posted'
  return ordinal <= handedOver ? 'sent' : 'waiting'
}

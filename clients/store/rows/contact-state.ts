/**
 * The state of a contact in a store, beside the batches, and its form as bytes: JSON, with base64 for bytes. It is
 * never on the disk unsealed.
 *
 * An event's *ordinal* counts what was ever sent to an identity key, or received from it, from 1. Sequence numbers
 * begin anew with each stream; ordinals do not, so the marks that tell what became of a message are ordinals:
 *
 *     sequence number = ordinal − base of the stream
 *     0 ≤ base ≤ acknowledged ≤ handedOver ≤ appended
 *     0 ≤ read ≤ received
 *
 * What was dropped counts as neither sent nor waiting, wherever its ordinal lies.
 *
 * @module
 */
import { inCurrentWords } from './former-names.ts'
import { countAfter, type OrdinalRange } from './ordinal-ranges.ts'

export interface ContactState {
  readonly name: string
  /** Batches are numbered from 1 without gaps; this is the number of the last, 0 for none. */
  readonly lastBatch: number
  /** The state of each identity key, in the order in which they appeared. */
  readonly keys: readonly KeyState[]
}

/** The two streams with one identity key of a contact. */
export interface KeyState {
  /** X25519, 32 bytes; undefined for what was written before any key of the contact was known. */
  readonly identityKey: Uint8Array | undefined
  readonly outgoing: OutgoingState
  /** The last stream of which anything was stored; undefined if nothing was. */
  readonly incoming: IncomingState | undefined
  /** The ordinal of the last event received from this key, which is how many there were. */
  readonly received: number
  /** The ordinal of the last event that the user has read. */
  readonly read: number
  /** The first batch that may hold an unread event of this key. */
  readonly unreadFrom: number
  /** When a letter last said how far this key's stream is stored, by this machine's clock; undefined for never. */
  readonly answeredAtMs?: number | undefined
  /** Whether a letter of this key's came in since its writer was last told how far their stream is stored. */
  readonly isUnanswered?: boolean | undefined
}

export interface OutgoingState {
  readonly streamId: Uint8Array
  /** The ordinal that comes before the stream's first event. */
  readonly base: number
  /** The ordinal of the last event that the other side has stored. */
  readonly acknowledged: number
  /**
   * The ordinal of the last event that may have reached the other side: no less than was sent, no more than was
   * appended then.
   */
  readonly handedOver: number
  /** The ordinal of the last event that there is. */
  readonly appended: number
  /** What was posted by letter; undefined if nothing was. */
  readonly posted?: PostedMark | undefined
  /** The ordinal of the last event that the other side's user has read. */
  readonly read: number
  /** The first batch that may hold an event that is not acknowledged. */
  readonly waitsFrom: number
  /** The ordinals of the events that the user has dropped, or sent again to another key: they go to nobody. */
  readonly dropped: readonly OrdinalRange[]
  /** Streams that this one replaced, the newest last, at most {@link KEPT_STREAMS}. */
  readonly former: readonly FormerStream[]
}

/** How far the events of a stream were posted, and for how long that counts. */
export interface PostedMark {
  /** The stream that the letters name. */
  readonly streamId: Uint8Array
  /** The receiver's session that they were sealed for: 16 bytes. */
  readonly sessionId: Uint8Array
  /** The ordinal of the last event. */
  readonly through: number
  /** When the first of the letters can no longer be opened, Unix time in milliseconds, by this machine's clock. */
  readonly untilMs: number
}

/** A stream that goes on under another id: a contact that comes back with a restored backup still knows it. */
export interface FormerStream {
  readonly streamId: Uint8Array
  readonly base: number
  readonly handedOver: number
}

/** How many streams are remembered that were replaced. */
export const KEPT_STREAMS = 8

export interface IncomingState {
  readonly streamId: Uint8Array
  /** The sequence number up to which all is stored. */
  readonly stored: number
  /** The id of the event that has this number; empty for none. */
  readonly lastEventId: Uint8Array
  /** Whether all of this stream so far had come before, in another: then more of that may come. */
  readonly isRepeating: boolean
}

/** The state of a contact that was just made. */
export function newContact(name: string): ContactState {
  return { name, lastBatch: 0, keys: [] }
}

/** The state of an identity key that nothing was sent to yet. */
export function newKey(identityKey: Uint8Array | undefined, streamId: Uint8Array): KeyState {
  const marks = { base: 0, acknowledged: 0, handedOver: 0, appended: 0, read: 0, waitsFrom: 1 }
  return {
    identityKey,
    outgoing: { streamId, ...marks, dropped: [], former: [] },
    incoming: undefined,
    received: 0,
    read: 0,
    unreadFrom: 1,
  }
}

/** How many events wait for their acknowledgement. */
export function waitingCount({ appended, acknowledged, dropped }: OutgoingState): number {
  return appended - acknowledged - countAfter(dropped, acknowledged)
}

/** The contact with one of its keys changed. */
export function withKey(contact: ContactState, index: number, key: KeyState): ContactState {
  return { ...contact, keys: contact.keys.with(index, key) }
}

/** Every property of these names is bytes, in base64; whatever else there is, JSON has a form for. */
const BYTES: ReadonlySet<string> = new Set(['identityKey', 'streamId', 'sessionId', 'lastEventId'])

export function encodeContact({ keys, ...contact }: ContactState): Uint8Array {
  return Buffer.from(JSON.stringify({ ...contact, keys: keys.map(asJson) }), 'utf8')
}

/** A key's state with text for bytes, place by place: a replacer of JSON.stringify is asked for every value there is. */
function asJson({ outgoing, incoming, ...key }: KeyState): unknown {
  const { posted, former } = outgoing
  return {
    ...key,
    identityKey: base64(key.identityKey),
    outgoing: {
      ...outgoing,
      streamId: base64(outgoing.streamId),
      posted: posted && { ...posted, streamId: base64(posted.streamId), sessionId: base64(posted.sessionId) },
      former: former.map((stream) => ({ ...stream, streamId: base64(stream.streamId) })),
    },
    incoming: incoming && {
      ...incoming,
      streamId: base64(incoming.streamId),
      lastEventId: base64(incoming.lastEventId),
    },
  }
}

function base64(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('base64')
}

/**
 * Read what {@link encodeContact} wrote. The seal vouches for its form. A key without a mark of what was seen is from
 * before there was one: all of it counts as read. Likewise nothing was dropped where it does not say what.
 */
export function decodeContact(encoded: Uint8Array): ContactState {
  const contact = JSON.parse(Buffer.from(encoded).toString('utf8'), (name, value) => {
    return BYTES.has(name) ? Uint8Array.from(Buffer.from(value, 'base64')) : inCurrentWords(name, value)
  }) as ContactState
  const { name, lastBatch } = contact
  const keys = contact.keys.map((key): KeyState => {
    const absent = { identityKey: undefined, incoming: undefined, read: key.received, unreadFrom: lastBatch + 1 }
    return Object.assign(absent, key, { outgoing: { ...key.outgoing, dropped: key.outgoing.dropped ?? [] } })
  })
  return { name, lastBatch, keys }
}

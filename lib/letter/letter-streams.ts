/**
 * What letters carry of the streams of two people, and what they may change in them (docs/protocol.md, section 13.8).
 *
 * A letter is a second way for the same numbered events. It may be lost, repeated, late or out of order, so whatever it
 * says is taken where it fits what is known, and passed over otherwise.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { StreamPair } from '../delivery/stream-pair.ts'
import { countFitting, encodeLetterBody, type LetterBody } from './letter-body.ts'

/** The next letter to somebody. */
export interface NextLetter {
  /** The body, encoded. */
  readonly body: Uint8Array
  /** The number of the last event that is in it, or was in one before. */
  readonly through: bigint
  /** How many events are in it: none if it only acknowledges. */
  readonly count: number
}

/**
 * Write the next letter: where this side stands, and as many events as fit.
 *
 * @param posted - The number up to which events were posted before; no less than what is acknowledged.
 * @returns a letter without events where none waits, or where the next has no room in any.
 */
export function writeLetter(streams: StreamPair, posted: bigint): NextLetter {
  const { outgoing } = streams
  const waiting = outgoing.behind(posted)
  const count = countFitting(waiting)
  const batch = count === 0 ? undefined : { firstSequence: posted + 1n, events: waiting.slice(0, count) }
  return { body: encodeLetterBody(streams.resume(), batch), through: posted + BigInt(count), count }
}

/** What waits once letters were written: `more` of them, `nothing`, or what is `too large` for one. */
export type LeftToPost = 'more' | 'nothing' | 'too large'

/** What waits behind a number, up to which events were posted: as {@link writeLetter} would find it. */
export function leftBehind({ outgoing }: StreamPair, posted: bigint): LeftToPost {
  const waiting = outgoing.behind(posted)
  if (waiting.length === 0) return 'nothing'
  return countFitting(waiting) > 0 ? 'more' : 'too large'
}

/** What a letter brought. */
export interface LetterNews {
  /** The events that are new, in order: to be stored, and reported to the incoming stream then. */
  readonly events: readonly Event[]
  /** Whether events before those in it are missing, so that it is of use once they are here. */
  readonly isEarly: boolean
  /** How many of this side's events it acknowledged. */
  readonly acknowledged: number
}

/** Read a letter. No conversation may have the streams. */
export function readLetter(streams: StreamPair, { resume, firstSequence, events }: LetterBody): LetterNews {
  const { streamId, peerStreamId, peerAcknowledged, peerLastEventId } = resume
  const { outgoing } = streams
  const position = { streamId: peerStreamId, stored: peerAcknowledged, lastEventId: peerLastEventId }
  const acknowledged = outgoing.agreesWith(position) ? outgoing.acknowledge(peerAcknowledged) : 0
  if (events.length === 0) return { events: [], isEarly: false, acknowledged }
  const incoming = streams.receiveLetter(streamId)
  const isEarly = incoming !== undefined && firstSequence > incoming.received + 1n
  return { events: incoming?.acceptLetter(firstSequence, events) ?? [], isEarly, acknowledged }
}

/**
 * The body of a letter: a RecordBody of a Resume and whole events, and of nothing else (docs/protocol.md, section 13.4).
 *
 * @module
 */
import type { Event, Resume } from '#gen/sotto/peer/v1/record.ts'
import { type EventBatch, encodeRecordBody, eventCost, parseRecordBody } from '#lib/delivery/record-body.ts'
import { SottoError } from '#lib/errors.ts'
import { MAX_LETTER_BODY_BYTES } from './payload.ts'

/** The room that a letter keeps free of events, in bytes: first_sequence at its longest (11) and a Resume (67). */
const RESERVED_BYTES = 78

/** Room for events in one letter, in bytes, counted as they lie in it: tag, length, encoded event. */
export const LETTER_ROOM_BYTES = MAX_LETTER_BODY_BYTES - RESERVED_BYTES

/** The content of a letter, opened and held to the rules of its contract. */
export interface LetterBody {
  readonly resume: Resume
  /** The number of the first event; 0 where there is none. */
  readonly firstSequence: bigint
  readonly events: readonly Event[]
}

/**
 * The events that the next letter can carry: as many as fit, in order.
 *
 * @param events - Encoded.
 * @returns How many of the first: 0 if there is none, or if the first has no room in any letter.
 */
export function countFitting(events: Iterable<Uint8Array>): number {
  let [count, room] = [0, LETTER_ROOM_BYTES]
  for (const event of events) {
    room -= eventCost(event)
    if (room < 0) break
    count += 1
  }
  return count
}

/**
 * Encode a letter's body.
 *
 * @param batch - Events within {@link LETTER_ROOM_BYTES}; none in a letter that only acknowledges.
 */
export function encodeLetterBody(resume: Resume, batch: EventBatch | undefined): Uint8Array {
  return encodeRecordBody(batch, { control: { $case: 'resume', value: resume } })
}

/**
 * Read a letter's body.
 *
 * @throws SottoError
 *   - `ERR_RECORD_MALFORMED` if it is no RecordBody within its limits,
 *   - `ERR_LETTER_MALFORMED` if it has no Resume, or anything beside it and whole events.
 */
export function parseLetterBody(bytes: Uint8Array): LetterBody {
  const { control, firstSequence, events, acknowledged, read, piece, fileProgress } = parseRecordBody(bytes)
  const hasMore = acknowledged !== 0n || read !== 0n || piece !== undefined || fileProgress !== undefined
  if (control?.$case !== 'resume' || hasMore) {
    throw new SottoError('ERR_LETTER_MALFORMED', 'a letter has a Resume and whole events, and nothing else')
  }
  return { resume: control.value, firstSequence, events }
}

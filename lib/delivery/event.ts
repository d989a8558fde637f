/**
 * Events: the items of a conversation, numbered and acknowledged one by one.
 *
 * The writer encodes an event once; the same bytes wait in the queue, are sent, and are sent again after a cut.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { Event, type Text } from '#gen/sotto/peer/v1/record.ts'
import { asBuffer } from '../as-buffer.ts'
import { SottoError } from '../errors.ts'
import { byKind } from './event-kind.ts'
import { checkFileOffer, checkFileStatus } from './file-events.ts'
import { EVENT_ID_BYTES, MAX_EVENT_BYTES, MAX_TEXT_BYTES } from './limits.ts'
import { decodeEvent, writeText } from './text-event.ts'

export interface TextEventFields {
  /** {@link EVENT_ID_BYTES} random bytes, never used before. */
  readonly eventId: Uint8Array
  /** The writer's clock. */
  readonly writtenAt: Date
  /** UTF-8 where it is bytes, 0 to {@link MAX_TEXT_BYTES} of them. */
  readonly body: string | Uint8Array
}

export interface FileEventFields extends Omit<TextEventFields, 'body'> {
  readonly kind: Extract<NonNullable<Event['kind']>, { readonly $case: 'fileOffer' | 'fileStatus' }>
}

/**
 * Encode a text as an event.
 *
 * @returns A protobuf Event, at most {@link MAX_EVENT_BYTES} bytes.
 * @throws SottoError `ERR_MESSAGE_TOO_LARGE` for a text over the limit; `ERR_INVALID_UTF8` for one that is not UTF-8.
 * @throws TypeError if the event id has another length.
 */
export function encodeTextEvent({ eventId, writtenAt, body }: TextEventFields): Uint8Array {
  if (eventId.length !== EVENT_ID_BYTES) throw new TypeError(`an event id is ${EVENT_ID_BYTES} bytes`)
  const bytes = typeof body === 'string' ? Buffer.byteLength(body, 'utf8') : body.length
  if (bytes > MAX_TEXT_BYTES) {
    throw new SottoError('ERR_MESSAGE_TOO_LARGE', `a text of ${bytes} bytes is over the limit of ${MAX_TEXT_BYTES}`)
  }
  if (typeof body !== 'string' && !isUtf8(body)) {
    throw new SottoError('ERR_INVALID_UTF8', 'the text is not valid UTF-8')
  }
  return writeText(eventId, writtenAt, body)
}

/**
 * Read an event that came in pieces.
 *
 * @throws SottoError `ERR_RECORD_MALFORMED` if it is not a protobuf Event, or {@link checkEvent} refuses it.
 */
export function parseEvent(encoded: Uint8Array): Event {
  let event: Event
  try {
    event = decodeEvent(encoded)
  } catch (cause) {
    throw new SottoError('ERR_RECORD_MALFORMED', 'an event cannot be decoded', { cause })
  }
  return checkEvent(event)
}

/**
 * Hold a decoded event to the limits of its contract.
 *
 * @throws SottoError `ERR_RECORD_MALFORMED` for an id of another length, a missing or impossible time, an unknown kind,
 *   a text that is too long or not UTF-8, an offer or a status that {@link checkFileOffer} or {@link checkFileStatus}
 *   refuses.
 */
export function checkEvent(event: Event): Event {
  if (event.eventId.length !== EVENT_ID_BYTES) throw malformed('an event id has the wrong length')
  if (event.writtenAt === undefined || Number.isNaN(event.writtenAt.getTime())) throw malformed('an event has no time')
  byKind<void>(event, { text: checkText, fileOffer: checkFileOffer, fileStatus: checkFileStatus })
  return event
}

function checkText({ body }: Text): void {
  if (body.length > MAX_TEXT_BYTES) throw malformed('a text is over its limit')
  if (!isUtf8(body)) throw malformed('a text is not UTF-8')
}

/**
 * Encode an event about files.
 *
 * @param kind - An offer, or what has become of one.
 * @returns A protobuf Event, at most {@link MAX_EVENT_BYTES} bytes.
 * @throws SottoError `ERR_MESSAGE_TOO_LARGE` for an offer of more files than an event has room for.
 * @throws TypeError for what {@link checkEvent} would refuse at the other end.
 */
export function encodeFileEvent({ eventId, writtenAt, kind }: FileEventFields): Uint8Array {
  const event = { eventId: asBuffer(eventId), writtenAt, kind }
  try {
    checkEvent(event)
  } catch (cause) {
    throw new TypeError('an event about files that nobody would take', { cause })
  }
  const encoded = Event.encode(event).finish()
  if (encoded.length <= MAX_EVENT_BYTES) return encoded
  throw new SottoError('ERR_MESSAGE_TOO_LARGE', 'there are too many files for one offer')
}

function malformed(message: string): SottoError {
  return new SottoError('ERR_RECORD_MALFORMED', message)
}

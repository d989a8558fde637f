/**
 * The plaintext of a record: sotto.peer.v1.RecordBody, encoded and checked (docs/protocol.md, section 6).
 *
 * Events come to the encoder as bytes, because they were encoded when they were written and may travel more than once.
 *
 * @module
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import {
  Close,
  CloseReason,
  FileChunk,
  FileProgress,
  FileProgressPause,
  Part,
  RecordBody,
  Resume,
  Typing,
} from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '../errors.ts'
import { checkEvent } from './event.ts'
import { EVENT_ID_BYTES, MAX_CHUNK_BYTES, MAX_EVENT_BYTES, MAX_RECORD_BODY_BYTES, STREAM_ID_BYTES } from './limits.ts'
import { readTexts, writeVarint } from './text-event.ts'

/** A run of whole events, in order. */
export interface EventBatch {
  /** The sequence number of the first, from 1. */
  readonly firstSequence: bigint
  /** Encoded, at least one, together within EVENT_ROOM_BYTES as {@link eventCost} counts. */
  readonly events: readonly Uint8Array[]
}

/** A piece of one event that is larger than a record. */
export interface EventPiece {
  readonly firstSequence: bigint
  readonly part: Part
}

/** A piece of a file. */
export interface FilePiece {
  readonly chunk: FileChunk
}

/** The content of a record: events, or else a piece of one or of a file. */
export type RecordContent = EventBatch | EventPiece | FilePiece

type Control = NonNullable<RecordBody['control']>

/** The controls of delivery; the others are the channel's own. */
type DeliveryControl = Extract<Control, { readonly $case: 'resume' | 'close' | 'typing' }>

/** The parts of a record beside its content. */
export interface RecordExtras {
  /** Left out where there is nothing new to acknowledge. */
  readonly acknowledged?: bigint
  /** Left out where the user has seen no more, or does not allow it to be sent. */
  readonly read?: bigint
  /** The progress of a file that is being received. */
  readonly progress?: FileProgress
  readonly control?: DeliveryControl
}

/** Tags as protobuf has them: field number, then wire type in the low three bits. */
const TAG = {
  firstSequence: 8,
  event: 18,
  part: 26,
  acknowledged: 32,
  resume: 42,
  close: 50,
  typing: 98,
  read: 104,
  chunk: 114,
  progress: 122,
} as const

/** The bytes that an encoded event takes in a record: its tag (1), its length (1 to 3) and itself. */
export function eventCost(encoded: Uint8Array): number {
  const length = encoded.length
  return 1 + (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3) + length
}

/**
 * Encode a record's plaintext.
 *
 * @returns At most {@link MAX_RECORD_BODY_BYTES} bytes.
 * @throws TypeError if it would be longer: whoever cut the batch counted wrong.
 */
export function encodeRecordBody(content: RecordContent | undefined, extras: RecordExtras): Uint8Array {
  const { acknowledged, control, read, progress } = extras
  const writer = new BinaryWriter()
  if (content !== undefined && 'part' in content) encodePiece(writer, content)
  if (acknowledged) writer.uint32(TAG.acknowledged).uint64(acknowledged)
  if (control !== undefined) encodeControl(writer, control)
  if (read) writer.uint32(TAG.read).uint64(read)
  if (progress !== undefined) FileProgress.encode(progress, writer.uint32(TAG.progress).fork()).join()
  const encoded = withContent(writer, content)
  if (encoded.length > MAX_RECORD_BODY_BYTES)
    throw new TypeError(`a record body of ${encoded.length} bytes does not fit`)
  return encoded
}

function withContent(writer: BinaryWriter, content: RecordContent | undefined): Uint8Array {
  if (content !== undefined && 'events' in content) return withEvents(content, writer.finish())
  return content !== undefined && 'chunk' in content ? withChunk(writer, content.chunk) : writer.finish()
}

/** Put events before the other parts, in memory that has the right size from the beginning. */
function withEvents({ firstSequence, events }: EventBatch, others: Uint8Array): Uint8Array {
  const number = new BinaryWriter().uint32(TAG.firstSequence).uint64(firstSequence).finish()
  const eventsBytes = events.reduce((sum, event) => sum + eventCost(event), 0)
  const encoded = Buffer.allocUnsafeSlow(number.length + eventsBytes + others.length)
  encoded.set(number)
  let at = number.length
  for (const event of events) {
    encoded[at] = TAG.event
    at = writeVarint(encoded, at + 1, event.length)
    encoded.set(event, at)
    at += event.length
  }
  encoded.set(others, at)
  return encoded
}

/**
 * Append a piece of a file, its bytes last, so that they are copied once: a writer that grows with what it is given
 * would copy them over and over.
 */
function withChunk(writer: BinaryWriter, { offerId, offset, data }: FileChunk): Uint8Array {
  const before = FileChunk.encode({ offerId, offset, data: NO_BYTES }).finish()
  const head = new BinaryWriter().raw(before).uint32(CHUNK_DATA_TAG).uint32(data.length).finish()
  return Buffer.concat([
    writer
      .uint32(TAG.chunk)
      .uint32(head.length + data.length)
      .raw(head)
      .finish(),
    data,
  ])
}

const NO_BYTES = Buffer.alloc(0)

/** Field 3 of a FileChunk, of a length that follows. */
const CHUNK_DATA_TAG = 26

function encodePiece(writer: BinaryWriter, { firstSequence, part }: EventPiece): void {
  writer.uint32(TAG.firstSequence).uint64(firstSequence)
  Part.encode(part, writer.uint32(TAG.part).fork()).join()
}

function encodeControl(writer: BinaryWriter, control: DeliveryControl): void {
  writer.uint32(TAG[control.$case]).fork()
  if (control.$case === 'resume') Resume.encode(control.value, writer)
  else if (control.$case === 'close') Close.encode(control.value, writer)
  else Typing.encode(control.value, writer)
  writer.join()
}

/**
 * Read a record's plaintext and hold it to the limits of its contract. What depends on the records before it (order,
 * gaps, pieces that belong together) is for the streams to check.
 *
 * @throws SottoError `ERR_RECORD_MALFORMED` for anything that is not a RecordBody within its limits.
 */
export function parseRecordBody(plaintext: Uint8Array): RecordBody {
  if (plaintext.length > MAX_RECORD_BODY_BYTES) throw malformed('a record body is over its limit')
  let body: RecordBody
  try {
    body = readTexts(plaintext) ?? RecordBody.decode(plaintext)
  } catch (cause) {
    throw new SottoError('ERR_RECORD_MALFORMED', 'a record body cannot be decoded', { cause })
  }
  checkNumbering(body)
  for (const event of body.events) checkEvent(event)
  if (body.piece?.$case === 'part') checkPart(body.piece.value)
  if (body.piece?.$case === 'fileChunk') checkChunk(body.piece.value, body)
  if (body.control?.$case === 'resume') checkResume(body.control.value)
  if (body.control?.$case === 'close') checkClose(body.control.value)
  if (body.control?.$case.startsWith('renew')) checkAlone(body)
  if (body.fileProgress !== undefined) checkProgress(body.fileProgress)
  return body
}

/** Check that a record with a renewal control has nothing else: a renewal is no part of what the channel carries. */
function checkAlone({ firstSequence, acknowledged, read, piece, fileProgress }: RecordBody): void {
  const isAlone = firstSequence === 0n && acknowledged === 0n && read === 0n
  if (!isAlone || piece !== undefined || fileProgress !== undefined) {
    throw malformed('a renewal is not alone in its record')
  }
}

function checkChunk({ offerId, data }: FileChunk, { firstSequence }: RecordBody): void {
  checkOfferId(offerId)
  if (firstSequence > 0n) throw malformed('a piece of a file comes with events')
  if (data.length === 0) throw malformed('a piece of a file is empty')
  if (data.length > MAX_CHUNK_BYTES) throw malformed('a piece of a file is over its limit')
}

function checkOfferId(offerId: Uint8Array): void {
  if (offerId.length !== EVENT_ID_BYTES) throw malformed('the id of an offer has the wrong length')
}

const KNOWN_PAUSES: ReadonlySet<number> = new Set(Object.values(FileProgressPause))

function checkProgress({ offerId, pause }: FileProgress): void {
  checkOfferId(offerId)
  if (!KNOWN_PAUSES.has(pause)) throw malformed('a file is paused for no known reason')
}

function checkNumbering({ firstSequence, events, piece }: RecordBody): void {
  const isPart = piece?.$case === 'part'
  if (events.length > 0 && isPart) throw malformed('a record has whole events and a piece of one')
  const counts = events.length > 0 || isPart
  if (counts !== firstSequence > 0n) throw malformed('a sequence number is missing, or stands for nothing')
}

function checkPart({ offset, data }: Part): void {
  if (data.length === 0) throw malformed('a piece of an event is empty')
  if (offset + data.length > MAX_EVENT_BYTES) throw malformed('an event in pieces is over its limit')
}

function checkResume({ streamId, peerStreamId, peerAcknowledged, peerLastEventId }: Resume): void {
  if (streamId.length !== STREAM_ID_BYTES) throw malformed('a stream id has the wrong length')
  if (peerStreamId.length !== 0 && peerStreamId.length !== STREAM_ID_BYTES) {
    throw malformed('a stream id has the wrong length')
  }
  if (peerStreamId.length === 0 && peerAcknowledged !== 0n) throw malformed('an unknown stream is acknowledged')
  if (peerLastEventId.length !== (peerAcknowledged === 0n ? 0 : EVENT_ID_BYTES)) {
    throw malformed('an event id is missing, or has the wrong length')
  }
}

const KNOWN_REASONS: ReadonlySet<number> = new Set(Object.values(CloseReason))

function checkClose({ reason }: Close): void {
  if (reason === CloseReason.UNSPECIFIED || !KNOWN_REASONS.has(reason)) throw malformed('a Close has no known reason')
}

function malformed(message: string): SottoError {
  return new SottoError('ERR_RECORD_MALFORMED', message)
}

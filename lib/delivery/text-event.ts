/**
 * The wire form of texts, read and written by hand: of every hundred events nearly all are texts, and the generated code
 * spends more on one than everything else that is done with it.
 *
 *     offset  size  field
 *     0       2     tag and length of the event id
 *     2       16    event id
 *     18      2     tag and length of the time
 *     20      0–12  seconds, then nanoseconds: a tag and a varint each, left out where 0
 *     …       2–4   tag and length of the text
 *     …       2–4   tag and length of its body; left out where it is empty
 *     …       n     body
 *
 * That is, byte for byte, what the generated code makes of a text. Only this one form is read here, and everything else
 * is left to the generated code, so what that refuses is refused.
 *
 * @module
 */
import { Event, type RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { asBuffer } from '../as-buffer.ts'
import { EVENT_ID_BYTES } from './limits.ts'

/** Tags as protobuf has them: field number, then wire type in the low three bits. */
const TAG = { eventId: 10, writtenAt: 18, text: 26, seconds: 8, nanos: 16, body: 10 } as const
const RECORD_TAG = { firstSequence: 8, event: 18, acknowledged: 32, read: 104 } as const

/** Times from 1970 on whose seconds fit into a varint of 5 bytes: until the year 3058. */
const SECONDS_BOUND = 2 ** 35

const NANOS_PER_MS = 1_000_000

/** The longest varint that is read here: 7 bytes, 49 bits. */
const VARINT_BOUND = 2 ** 49

/** The largest number that can be shifted. */
const MAX_INT32 = 2 ** 31 - 1

const TIME_OFFSET = 2 + EVENT_ID_BYTES

/**
 * A text that was read, and the bytes that it was read from. To be changed by nobody, for both say the same.
 *
 * Its bytes are windows: whoever keeps one for long copies it.
 */
class ReadText implements Event {
  readonly eventId: Buffer
  readonly writtenAt: Date
  readonly kind: { readonly $case: 'text'; readonly value: { readonly body: Buffer } }
  readonly #source: Buffer
  readonly #start: number
  readonly #end: number

  constructor(source: Buffer, start: number, bodyAt: number, end: number, writtenAtMs: number) {
    this.eventId = source.subarray(start + 2, start + TIME_OFFSET)
    this.writtenAt = new Date(writtenAtMs)
    this.kind = { $case: 'text', value: { body: source.subarray(bodyAt, end) } }
    this.#source = source
    this.#start = start
    this.#end = end
  }

  static encodedOf(event: Event): Uint8Array | undefined {
    return #source in event ? event.#source.subarray(event.#start, event.#end) : undefined
  }
}

/** The encoded form of an event: the bytes that it was read from, where it was read here. */
export function encodeEvent(event: Event): Uint8Array {
  return ReadText.encodedOf(event) ?? Event.encode(event).finish()
}

/**
 * Decode an event, as the generated code does.
 *
 * @throws Error if it is no protobuf Event.
 */
export function decodeEvent(encoded: Uint8Array): Event {
  return readText(asBuffer(encoded), 0, encoded.length) ?? Event.decode(encoded)
}

/**
 * Encode a text, as the generated code does.
 *
 * @param eventId - {@link EVENT_ID_BYTES} bytes.
 * @param body - Any length; a string is written as UTF-8.
 */
export function writeText(eventId: Uint8Array, writtenAt: Date, body: string | Uint8Array): Uint8Array {
  const writtenAtMs = writtenAt.getTime()
  const seconds = Math.trunc(writtenAtMs / 1_000)
  if (!(writtenAtMs >= 0 && seconds < SECONDS_BOUND)) {
    const value = { body: typeof body === 'string' ? Buffer.from(body, 'utf8') : asBuffer(body) }
    return Event.encode({ eventId: asBuffer(eventId), writtenAt, kind: { $case: 'text', value } }).finish()
  }
  const nanos = (writtenAtMs % 1_000) * NANOS_PER_MS
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body, 'utf8') : body.length
  const timeBytes = (seconds === 0 ? 0 : 1 + varintBytes(seconds)) + (nanos === 0 ? 0 : 1 + varintBytes(nanos))
  const textBytes = bodyBytes === 0 ? 0 : 1 + varintBytes(bodyBytes) + bodyBytes
  const encoded = Buffer.allocUnsafe(TIME_OFFSET + 2 + timeBytes + 1 + varintBytes(textBytes) + textBytes)
  encoded[0] = TAG.eventId
  encoded[1] = EVENT_ID_BYTES
  encoded.set(eventId, 2)
  let at = TIME_OFFSET
  encoded[at++] = TAG.writtenAt
  encoded[at++] = timeBytes
  if (seconds !== 0) at = writeVarint(encoded, writeByte(encoded, at, TAG.seconds), seconds)
  if (nanos !== 0) at = writeVarint(encoded, writeByte(encoded, at, TAG.nanos), nanos)
  at = writeVarint(encoded, writeByte(encoded, at, TAG.text), textBytes)
  if (bodyBytes === 0) return encoded
  at = writeVarint(encoded, writeByte(encoded, at, TAG.body), bodyBytes)
  if (typeof body === 'string') encoded.write(body, at, bodyBytes, 'utf8')
  else encoded.set(body, at)
  return encoded
}

function writeByte(into: Uint8Array, at: number, byte: number): number {
  into[at] = byte
  return at + 1
}

/** Write a number as a varint. @returns where the next byte goes. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let next = at
  let left = value
  for (; left > MAX_INT32; left = Math.floor(left / 0x80)) into[next++] = (left % 0x80) | 0x80
  for (; left >= 0x80; left >>= 7) into[next++] = (left & 0x7f) | 0x80
  into[next] = left
  return next + 1
}

/** The length of a number as a varint, in bytes. */
function varintBytes(value: number): number {
  let bytes = 1
  for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) bytes += 1
  return bytes
}

/**
 * Decode a record that has nothing in it but texts, their number, and what is acknowledged and read.
 *
 * @returns undefined if it is any other, or no record at all.
 */
export function readTexts(plaintext: Uint8Array): RecordBody | undefined {
  const reader = new Reader(asBuffer(plaintext))
  const body: RecordBody = {
    firstSequence: 0n,
    events: [],
    piece: undefined,
    acknowledged: 0n,
    control: undefined,
    read: 0n,
    fileProgress: undefined,
  }
  while (reader.at < plaintext.length) {
    const tag = plaintext[reader.at++]
    const value = reader.varint()
    if (Number.isNaN(value)) return undefined
    if (tag === RECORD_TAG.event) {
      const event = readText(reader.bytes, reader.at, reader.at + value)
      if (event === undefined) return undefined
      body.events.push(event)
      reader.at += value
    } else if (tag === RECORD_TAG.firstSequence) body.firstSequence = BigInt(value)
    else if (tag === RECORD_TAG.acknowledged) body.acknowledged = BigInt(value)
    else if (tag === RECORD_TAG.read) body.read = BigInt(value)
    else return undefined
  }
  return body
}

/** Read a text from its one form; undefined if anything else stands there, or less. */
function readText(bytes: Buffer, start: number, end: number): Event | undefined {
  // The shortest has an empty time and an empty text.
  if (end - start < TIME_OFFSET + 4 || end > bytes.length) return undefined
  if (bytes[start] !== TAG.eventId || bytes[start + 1] !== EVENT_ID_BYTES) return undefined
  if (bytes[start + TIME_OFFSET] !== TAG.writtenAt) return undefined
  const reader = new Reader(bytes, start + TIME_OFFSET + 2)
  const timeEnd = reader.at + (bytes[reader.at - 1] as number)
  // Where a time ends in the middle of a number, what is behind it does not end there.
  const seconds = reader.optional(TAG.seconds, timeEnd)
  const nanos = reader.optional(TAG.nanos, timeEnd)
  if (reader.at !== timeEnd || !isWholeMs(seconds, nanos) || bytes[reader.at++] !== TAG.text) return undefined
  const textBytes = reader.varint()
  if (reader.at + textBytes !== end) return undefined
  const bodyBytes = reader.optional(TAG.body, end)
  if (reader.at + bodyBytes !== end) return undefined
  return new ReadText(bytes, start, reader.at, end, seconds * 1_000 + nanos / NANOS_PER_MS)
}

/** Whether the generated code would write this time in the same way. */
function isWholeMs(seconds: number, nanos: number): boolean {
  const isInRange = seconds >= 0 && seconds < SECONDS_BOUND && nanos >= 0 && nanos < 1_000 * NANOS_PER_MS
  return isInRange && nanos % NANOS_PER_MS === 0
}

class Reader {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** Read a varint; NaN if it is longer than it has to be, longer than 7 bytes, or cut off. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale < VARINT_BOUND; scale *= 0x80) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) return Number.NaN
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return byte === 0 && scale > 1 ? Number.NaN : value
    }
    return Number.NaN
  }

  /** Read a field that is left out where it is 0; NaN where it is there and 0. */
  optional(tag: number, end: number): number {
    if (this.at >= end || this.bytes[this.at] !== tag) return 0
    this.at += 1
    const value = this.varint()
    return value === 0 ? Number.NaN : value
  }
}

import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { Event, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { EVENT_ID_BYTES } from '#lib/delivery/limits.ts'
import { decodeEvent, encodeEvent, readTexts, writeText } from '#lib/delivery/text-event.ts'
import { anyText } from '../../support/arbitrary.ts'
import { assertProperty } from '../../support/property.ts'

const EMPTY_RECORD = RecordBody.decode(new Uint8Array(0))

/** What a codec makes of bytes: a value, or that it refuses them. */
function outcomeOf<T>(decode: () => T): { value: T } | 'refused' {
  try {
    return { value: decode() }
  } catch {
    return 'refused'
  }
}

function generated({ eventId, writtenAt, body }: { eventId: Buffer; writtenAt: Date; body: Uint8Array }): Uint8Array {
  return Event.encode({ eventId, writtenAt, kind: { $case: 'text', value: { body: Buffer.from(body) } } }).finish()
}

const ids = fc.uint8Array({ minLength: EVENT_ID_BYTES, maxLength: EVENT_ID_BYTES }).map((id) => Buffer.from(id))
const dates = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(...[0, 1, 999, 1_000, -1, 2 ** 35 * 1_000 - 1, 2 ** 35 * 1_000].map((ms) => new Date(ms))),
)
const bodies = fc.oneof(
  anyText({ maxLength: 300 }),
  fc.constantFrom(...[0, 1, 124, 125, 126, 127, 128, 16_379, 16_380, 16_384, 70_000].map((n) => 'x'.repeat(n))),
)
const texts = fc.record({ eventId: ids, writtenAt: dates, body: bodies })

interface RecordOfTexts {
  readonly firstSequence: bigint
  readonly events: readonly { readonly eventId: Buffer; readonly writtenAt: Date; readonly body: string }[]
  readonly acknowledged: bigint
  readonly read: bigint
}

const sequences = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const records = fc.record({
  firstSequence: sequences,
  events: fc.array(texts, { maxLength: 5 }),
  acknowledged: fc.oneof(fc.constant(0n), sequences),
  read: fc.oneof(fc.constant(0n), sequences),
})

function recordOf({ events, ...rest }: RecordOfTexts): Buffer {
  const decoded = events.map(({ eventId, writtenAt, body }) => {
    return Event.decode(generated({ eventId, writtenAt, body: Buffer.from(body) }))
  })
  return Buffer.from(RecordBody.encode({ ...EMPTY_RECORD, ...rest, events: decoded }).finish())
}

/** Bytes with one changed, taken away or put in at a place, or cut off there. */
const damages = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), how: fc.constantFrom('set', 'cut', 'out', 'in') })

function damaged(bytes: Buffer, { at, byte, how }: { at: number; byte: number; how: string }): Buffer {
  const place = at % (bytes.length + 1)
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)]
  if (how === 'cut') return before
  if (how === 'in') return Buffer.concat([before, Buffer.of(byte), after])
  return Buffer.concat([before, how === 'set' ? Buffer.of(byte) : Buffer.alloc(0), after.subarray(1)])
}

describe('writeText', () => {
  it('writes, of a string and of bytes, what the generated code does', () => {
    const holds = fc.property(texts, ({ eventId, writtenAt, body }) => {
      const expected = Buffer.from(generated({ eventId, writtenAt, body: Buffer.from(body) }))
      expect(Buffer.from(writeText(eventId, writtenAt, body))).to.deep.equal(expected)
      expect(Buffer.from(writeText(eventId, writtenAt, Buffer.from(body)))).to.deep.equal(expected)
    })
    assertProperty(holds)
  })
})

describe('decodeEvent', () => {
  it('reads what the generated code does, and refuses what it refuses, of texts with a byte changed', () => {
    const holds = fc.property(fc.tuple(texts, damages), ([{ eventId, writtenAt, body }, damage]) => {
      const bytes = damaged(Buffer.from(generated({ eventId, writtenAt, body: Buffer.from(body) })), damage)
      expect(outcomeOf(() => ({ ...decodeEvent(bytes) }))).to.deep.equal(outcomeOf(() => Event.decode(bytes)))
    })
    assertProperty(holds)
  })

  it('reads an event of another kind', () => {
    const event = { eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(5), kind: undefined }
    expect(decodeEvent(Event.encode(event).finish())).to.deep.equal(event)
  })
})

describe('encodeEvent', () => {
  it('gives, of whatever was read, what the generated code does', () => {
    const holds = fc.property(fc.tuple(texts, damages), ([{ eventId, writtenAt, body }, damage]) => {
      const bytes = damaged(Buffer.from(generated({ eventId, writtenAt, body: Buffer.from(body) })), damage)
      const read = outcomeOf(() => decodeEvent(bytes))
      if (read === 'refused') return
      // A time that no clock shows cannot be written.
      const expected = outcomeOf(() => Buffer.from(Event.encode(read.value).finish()))
      expect(outcomeOf(() => Buffer.from(encodeEvent(read.value)))).to.deep.equal(expected)
    })
    assertProperty(holds)
  })
})

describe('readTexts', () => {
  const plain = (body: RecordBody) => ({ ...body, events: body.events.map((event) => ({ ...event })) })

  it('reads a record of texts itself', () => {
    const text = { eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(), body: 'hello' }
    const record = recordOf({ firstSequence: 7n, events: [text, text], acknowledged: 300n, read: 299n })
    const read = readTexts(record)
    expect(read && plain(read)).to.deep.equal(RecordBody.decode(record))
  })

  it('reads what the generated code does, or leaves it to that, with a byte changed or without', () => {
    const holds = fc.property(fc.tuple(records, fc.option(damages)), ([record, damage]) => {
      const bytes = damage === null ? recordOf(record) : damaged(recordOf(record), damage)
      const read = readTexts(bytes)
      if (read === undefined) return
      const expected = RecordBody.decode(bytes)
      expect(plain(read)).to.deep.equal(expected)
      const encoded = read.events.map((event) => Buffer.from(encodeEvent(event)))
      expect(encoded).to.deep.equal(expected.events.map((event) => Buffer.from(Event.encode(event).finish())))
    })
    assertProperty(holds)
  })

  it('leaves a record with anything else in it to the generated code', () => {
    const ping = RecordBody.encode({ ...EMPTY_RECORD, control: { $case: 'ping', value: {} } }).finish()
    expect(readTexts(ping)).to.equal(undefined)
  })
})

import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  type Close,
  CloseReason,
  type Event,
  type FileChunk,
  FileProgressPause,
  type Part,
  RecordBody,
  Resume,
  Text,
} from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent, parseEvent } from '#lib/delivery/event.ts'
import {
  EVENT_ID_BYTES,
  MAX_CHUNK_BYTES,
  MAX_EVENT_BYTES,
  MAX_PART_DATA_BYTES,
  MAX_RECORD_BODY_BYTES,
  MAX_TEXT_BYTES,
  STREAM_ID_BYTES,
} from '#lib/delivery/limits.ts'
import { encodeRecordBody, eventCost, parseRecordBody } from '#lib/delivery/record-body.ts'
import { textBody } from '../../support/event-text.ts'
import { assertProperty } from '../../support/property.ts'

const WRITTEN_AT = new Date('2026-03-01T12:00:00.125Z')
const MAX_UINT64 = 2n ** 64n - 1n

function textEvent(body: Uint8Array | string): Uint8Array {
  return encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: WRITTEN_AT, body: Buffer.from(body) })
}

function bodyOf(fields: Partial<RecordBody>): Uint8Array {
  return RecordBody.encode({ ...RecordBody.decode(new Uint8Array(0)), ...fields }).finish()
}

/** A piece of an event, as a RecordBody has it. */
const ofEvent = (value: Part) => ({ $case: 'part', value }) as const

/** A piece of a file, likewise. */
const ofFile = (value: FileChunk) => ({ $case: 'fileChunk', value }) as const

function goodEvent(): Event {
  return parseEvent(textEvent('hello'))
}

function goodResume(): Resume {
  return Resume.fromPartial({ streamId: randomBytes(STREAM_ID_BYTES) })
}

describe('encodeTextEvent', () => {
  it('keeps every byte of a text, a byte order mark and 0 bytes included', () => {
    for (const body of ['', '\ufeffmarked', '\0', 'è 漢 🙂']) {
      expect(textBody(parseEvent(textEvent(body)))).to.deep.equal(Buffer.from(body))
    }
  })

  it('takes a text of exactly the limit and refuses one byte more', () => {
    expect(textEvent(Buffer.alloc(MAX_TEXT_BYTES, 'x')).length).to.be.at.most(MAX_EVENT_BYTES)
    const tooLong = (): Uint8Array => textEvent(Buffer.alloc(MAX_TEXT_BYTES + 1, 'x'))
    expect(tooLong).to.throw().with.property('code', 'ERR_MESSAGE_TOO_LARGE')
  })

  it('refuses what is not UTF-8', () => {
    expect(() => textEvent(Buffer.from('c328', 'hex')))
      .to.throw()
      .with.property('code', 'ERR_INVALID_UTF8')
  })
})

describe('eventCost', () => {
  it('is what an event adds to a record, at every length of its length', () => {
    for (const length of [0, 80, 127, 128, 16_300, 16_383, 16_384, 60_000]) {
      const event = new Uint8Array(length)
      const added = encodeRecordBody({ firstSequence: 1n, events: [event] }, {}).length - 2
      expect(eventCost(event), `an event of ${length} bytes`).to.equal(added)
    }
  })
})

describe('encodeRecordBody', () => {
  it('writes what the generated code reads', () => {
    const events = ['one', 'two'].map(textEvent)
    const resume = {
      ...goodResume(),
      peerStreamId: randomBytes(STREAM_ID_BYTES),
      peerAcknowledged: 7n,
      peerLastEventId: randomBytes(EVENT_ID_BYTES),
    }
    const control = { $case: 'resume', value: resume } as const
    const encoded = encodeRecordBody({ firstSequence: 300n, events }, { acknowledged: 5n, control })
    const expected = { firstSequence: 300n, events: events.map(parseEvent), acknowledged: 5n, control }
    expect(parseRecordBody(encoded)).to.deep.equal(RecordBody.fromPartial(expected as never))
  })

  it('writes what is read, and of files, as the generated code reads it', () => {
    const chunk = { offerId: randomBytes(EVENT_ID_BYTES), offset: 61_440n, data: randomBytes(MAX_CHUNK_BYTES) }
    const progress = {
      offerId: randomBytes(EVENT_ID_BYTES),
      received: MAX_UINT64,
      pause: FileProgressPause.CANNOT_SAVE,
    }
    const encoded = encodeRecordBody({ chunk }, { acknowledged: MAX_UINT64, read: MAX_UINT64, progress })
    const expected = { acknowledged: MAX_UINT64, read: MAX_UINT64, piece: ofFile(chunk), fileProgress: progress }
    expect(parseRecordBody(encoded)).to.deep.equal(RecordBody.fromPartial(expected as never))
  })

  it('holds the largest piece beside the longest of everything else', () => {
    const part = { offset: MAX_EVENT_BYTES - MAX_PART_DATA_BYTES, data: Buffer.alloc(MAX_PART_DATA_BYTES), last: true }
    const resume = {
      ...goodResume(),
      peerStreamId: randomBytes(STREAM_ID_BYTES),
      peerAcknowledged: MAX_UINT64,
      peerLastEventId: randomBytes(EVENT_ID_BYTES),
    }
    const control = { $case: 'resume', value: resume } as const
    const progress = {
      offerId: randomBytes(EVENT_ID_BYTES),
      received: MAX_UINT64,
      pause: FileProgressPause.CANNOT_SAVE,
    }
    const extras = { acknowledged: MAX_UINT64, read: MAX_UINT64, progress, control }
    const encoded = encodeRecordBody({ firstSequence: MAX_UINT64, part }, extras)
    expect(parseRecordBody(encoded).piece).to.deep.equal(ofEvent(part))
  })

  it('refuses to make a body over the limit', () => {
    const event = new Uint8Array(MAX_RECORD_BODY_BYTES)
    expect(() => encodeRecordBody({ firstSequence: 1n, events: [event] }, {})).to.throw(TypeError)
  })

  it('is undone by parseRecordBody, whatever the texts', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 20 })
    assertProperty(
      fc.property(texts, fc.bigInt({ min: 1n, max: MAX_UINT64 }), (bodies, firstSequence) => {
        const parsed = parseRecordBody(encodeRecordBody({ firstSequence, events: bodies.map(textEvent) }, {}))
        expect(parsed.firstSequence).to.equal(firstSequence)
        expect(parsed.events.map((event) => textBody(event)?.toString())).to.deep.equal(bodies)
      }),
    )
  })
})

describe('parseRecordBody', () => {
  const SWITCH = { $case: 'renewSwitch', value: {} } as const
  const close: Close = { reason: CloseReason.DONE, lastSequence: 0n }
  const part = { offset: 0, data: Buffer.from('x'), last: false }
  const id = randomBytes(STREAM_ID_BYTES)
  const chunk = { offerId: id, offset: 0n, data: Buffer.from('x') }
  const hostile: ReadonlyArray<readonly [what: string, plaintext: Uint8Array]> = [
    ['events without a number', bodyOf({ events: [goodEvent()] })],
    ['a piece without a number', bodyOf({ piece: ofEvent(part) })],
    ['a number for nothing', bodyOf({ firstSequence: 1n })],
    ['events and a piece', bodyOf({ firstSequence: 1n, events: [goodEvent()], piece: ofEvent(part) })],
    ['an empty piece', bodyOf({ firstSequence: 1n, piece: ofEvent({ ...part, data: Buffer.alloc(0) }) })],
    [
      'a piece beyond the largest event',
      bodyOf({ firstSequence: 1n, piece: ofEvent({ ...part, offset: MAX_EVENT_BYTES }) }),
    ],
    ['an event without an id', bodyOf({ firstSequence: 1n, events: [{ ...goodEvent(), eventId: Buffer.alloc(0) }] })],
    ['an event with a long id', bodyOf({ firstSequence: 1n, events: [{ ...goodEvent(), eventId: Buffer.alloc(17) }] })],
    ['an event without a time', bodyOf({ firstSequence: 1n, events: [{ ...goodEvent(), writtenAt: undefined }] })],
    ['an event of no kind', bodyOf({ firstSequence: 1n, events: [{ ...goodEvent(), kind: undefined }] })],
    [
      'a text that is not UTF-8',
      bodyOf({
        firstSequence: 1n,
        events: [{ ...goodEvent(), kind: { $case: 'text', value: Text.fromPartial({ body: Buffer.of(0xff) }) } }],
      }),
    ],
    [
      'a stream id of another length',
      bodyOf({ control: { $case: 'resume', value: { ...goodResume(), streamId: Buffer.alloc(15) } } }),
    ],
    [
      'a peer stream id of another length',
      bodyOf({ control: { $case: 'resume', value: { ...goodResume(), peerStreamId: Buffer.alloc(17) } } }),
    ],
    [
      'an acknowledgement of an unnamed stream',
      bodyOf({ control: { $case: 'resume', value: { ...goodResume(), peerAcknowledged: 1n, peerLastEventId: id } } }),
    ],
    [
      'an acknowledgement without the id of an event',
      bodyOf({ control: { $case: 'resume', value: { ...goodResume(), peerStreamId: id, peerAcknowledged: 1n } } }),
    ],
    [
      'the id of an event without an acknowledgement',
      bodyOf({ control: { $case: 'resume', value: { ...goodResume(), peerStreamId: id, peerLastEventId: id } } }),
    ],
    [
      'a Close without a reason',
      bodyOf({ control: { $case: 'close', value: { ...close, reason: CloseReason.UNSPECIFIED } } }),
    ],
    ['a Close of an unknown reason', bodyOf({ control: { $case: 'close', value: { ...close, reason: 99 as never } } })],
    ['a renewal beside events', bodyOf({ firstSequence: 1n, events: [goodEvent()], control: SWITCH })],
    ['a renewal beside an acknowledgement', bodyOf({ acknowledged: 1n, control: SWITCH })],
    ['a renewal beside what is read', bodyOf({ read: 1n, control: SWITCH })],
    ['a renewal beside a piece of a file', bodyOf({ piece: ofFile(chunk), control: SWITCH })],
    [
      'a renewal beside where a file stands',
      bodyOf({ fileProgress: { offerId: id, received: 1n, pause: 0 }, control: SWITCH }),
    ],
    ['a piece of a file beside events', bodyOf({ firstSequence: 1n, events: [goodEvent()], piece: ofFile(chunk) })],
    ['an empty piece of a file', bodyOf({ piece: ofFile({ ...chunk, data: Buffer.alloc(0) }) })],
    [
      'a piece of a file over its limit',
      bodyOf({ piece: ofFile({ ...chunk, data: Buffer.alloc(MAX_CHUNK_BYTES + 1) }) }),
    ],
    ['a piece of a file without an offer', bodyOf({ piece: ofFile({ ...chunk, offerId: Buffer.alloc(0) }) })],
    ['a pause that is not known', bodyOf({ fileProgress: { offerId: id, received: 0n, pause: 2 as never } })],
    [
      'a file that stands without an offer',
      bodyOf({ fileProgress: { offerId: Buffer.alloc(15), received: 0n, pause: 0 } }),
    ],
    ['an event longer than the record', Buffer.from('080112ff7f', 'hex')],
    ['a length that never ends', Buffer.from('12ffffffffffffffffffff', 'hex')],
    ['groups inside groups', Buffer.alloc(MAX_RECORD_BODY_BYTES, 0x3b)],
    ['a body over the limit', new Uint8Array(MAX_RECORD_BODY_BYTES + 1)],
  ]
  for (const [what, plaintext] of hostile) {
    it(`refuses ${what}`, () => {
      expect(() => parseRecordBody(plaintext))
        .to.throw()
        .with.property('code', 'ERR_RECORD_MALFORMED')
    })
  }

  it('either reads random bytes or refuses them, and never fails otherwise', () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 300 }), (plaintext) => {
        survives(plaintext)
      }),
    )
  })

  it('either reads or refuses a body cut off anywhere, and one with any byte changed', () => {
    const control = { $case: 'close', value: { ...close, lastSequence: 300n } } as const
    const whole = encodeRecordBody(
      { firstSequence: 5n, events: ['a', 'b'].map(textEvent) },
      { acknowledged: 9n, control },
    )
    for (let length = 0; length < whole.length; length += 1) survives(whole.subarray(0, length))
    for (let at = 0; at < whole.length; at += 1) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Uint8Array.from(whole)
        changed[at] = (changed[at] ?? 0) ^ flip
        survives(changed)
      }
    }
  })
})

function survives(plaintext: Uint8Array): void {
  try {
    parseRecordBody(plaintext)
  } catch (error) {
    expect(error).to.have.property('code', 'ERR_RECORD_MALFORMED')
  }
}

import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Event, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent, parseEvent } from '#lib/delivery/event.ts'
import { IncomingStream } from '#lib/delivery/incoming-stream.ts'
import {
  EVENT_ID_BYTES,
  EVENT_ROOM_BYTES,
  MAX_PART_DATA_BYTES,
  MAX_RECORD_BODY_BYTES,
  MAX_TEXT_BYTES,
  STREAM_ID_BYTES,
} from '#lib/delivery/limits.ts'
import { OutgoingStream } from '#lib/delivery/outgoing-stream.ts'
import {
  type EventBatch,
  type EventPiece,
  encodeRecordBody,
  eventCost,
  parseRecordBody,
} from '#lib/delivery/record-body.ts'
import { textBody } from '../../support/event-text.ts'

const newId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)

function encoded(text: string | Uint8Array = 'x'): Uint8Array {
  return encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(0), body: Buffer.from(text) })
}

function outgoingWith(...events: Uint8Array[]): OutgoingStream {
  const stream = new OutgoingStream(newId())
  for (const event of events) stream.append(event)
  return stream
}

function batch(firstSequence: bigint, ...events: Uint8Array[]): RecordBody {
  return parseRecordBody(encodeRecordBody({ firstSequence, events }, {}))
}

function pieces(sequence: bigint, event: Uint8Array, size: number): RecordBody[] {
  const bodies: RecordBody[] = []
  for (let offset = 0; offset < event.length; offset += size) {
    const data = Buffer.from(event.subarray(offset, offset + size))
    const part = { offset, data, last: offset + size >= event.length }
    bodies.push(parseRecordBody(encodeRecordBody({ firstSequence: sequence, part }, {})))
  }
  return bodies
}

function texts(events: readonly Event[]): string[] {
  return events.map((event) => textBody(event)?.toString() ?? '')
}

describe('OutgoingStream', () => {
  it('packs what waits into one batch and counts from 1', () => {
    const events = ['a', 'b', 'c'].map((text) => encoded(text))
    const stream = outgoingWith(...events)
    expect(stream.take()).to.deep.equal({ firstSequence: 1n, events })
    expect(stream.take()).to.equal(undefined)
    stream.append(encoded('d'))
    expect(stream.take()?.firstSequence).to.equal(4n)
  })

  it('fills a record to its last byte and begins another for one byte more', () => {
    const half = encoded('h'.repeat(EVENT_ROOM_BYTES / 2))
    const room = EVENT_ROOM_BYTES - eventCost(half)
    const overhead = eventCost(encoded('f'.repeat(room - 100))) - (room - 100)
    const fitting = outgoingWith(half, encoded('f'.repeat(room - overhead)))
    const batch = fitting.take() as EventBatch
    expect(batch.events.reduce((sum, event) => sum + eventCost(event), 0)).to.equal(EVENT_ROOM_BYTES)
    expect(encodeRecordBody(batch, {}).length).to.be.at.most(MAX_RECORD_BODY_BYTES)

    const tooMuch = outgoingWith(half, encoded('f'.repeat(room - overhead + 1)))
    expect((tooMuch.take() as EventBatch).events).to.have.length(1)
  })

  it('cuts the largest text into pieces, with nothing between them', () => {
    const event = encoded(Buffer.alloc(MAX_TEXT_BYTES, 'y'))
    const stream = outgoingWith(event, encoded('after'))
    const taken: EventPiece[] = []
    do taken.push(stream.take() as EventPiece)
    while (!taken.at(-1)?.part.last)
    expect(taken).to.have.length(Math.ceil(event.length / MAX_PART_DATA_BYTES))
    expect(Buffer.concat(taken.map(({ part }) => part.data))).to.deep.equal(Buffer.from(event))
    expect(taken.every(({ firstSequence }) => firstSequence === 1n)).to.equal(true)
    expect(stream.take()?.firstSequence).to.equal(2n)
  })

  it('does not count an event as said before its last piece', () => {
    const stream = outgoingWith(encoded(Buffer.alloc(MAX_PART_DATA_BYTES + 1)))
    stream.take()
    expect(stream.position).to.equal(0n)
    expect(() => stream.acknowledge(1n))
      .to.throw()
      .with.property('code', 'ERR_RECORD_MALFORMED')
    stream.take()
    expect(stream.position).to.equal(1n)
  })

  it('forgets what is acknowledged, however often', () => {
    const stream = outgoingWith(encoded(), encoded(), encoded())
    stream.take()
    expect(stream.acknowledge(2n)).to.equal(2)
    expect(stream.acknowledge(2n)).to.equal(0)
    expect(stream.acknowledge(1n)).to.equal(0)
    expect(stream.unacknowledged).to.equal(1)
    stream.acknowledge(3n)
    expect(stream.unacknowledged).to.equal(0)
  })

  it('refuses an acknowledgement of what waits but was never said', () => {
    const stream = outgoingWith(encoded())
    expect(() => stream.acknowledge(1n))
      .to.throw()
      .with.property('code', 'ERR_RECORD_MALFORMED')
  })

  it('says again after a cut what is not acknowledged, an event in pieces from its first byte', () => {
    const stream = outgoingWith(encoded('a'), encoded('b'), encoded(Buffer.alloc(MAX_PART_DATA_BYTES + 1)))
    stream.take()
    stream.take()
    stream.acknowledge(1n)
    stream.rewind()
    const again = stream.take() as EventBatch
    expect([again.firstSequence, again.events.length]).to.deep.equal([2n, 1])
    expect((stream.take() as EventPiece).part.offset).to.equal(0)
  })

  it('skips what the other side turns out to have stored while it is being said again', () => {
    const stream = outgoingWith(encoded(Buffer.alloc(MAX_PART_DATA_BYTES + 1)), encoded('b'))
    stream.take()
    stream.take()
    stream.rewind()
    stream.take()
    stream.acknowledge(1n)
    expect((stream.take() as EventBatch).firstSequence).to.equal(2n)
  })

  it('agrees with any mark between what was acknowledged and what was said, and with no other', () => {
    const events = [encoded(), encoded(), encoded()]
    const stream = outgoingWith(...events)
    stream.take()
    stream.acknowledge(1n)
    const ids = events.map((event) => parseEvent(event).eventId)
    const at = (mark: number) => ({ stored: BigInt(mark), lastEventId: ids[mark - 1] ?? new Uint8Array(0) })
    const { streamId } = stream
    const agreed = [0, 1, 2, 3, 4].filter((mark) => stream.agreesWith({ streamId, ...at(mark) }))
    expect(agreed).to.deep.equal([1, 2, 3])
    expect(stream.agreesWith({ streamId: newId(), ...at(2) })).to.equal(false)
    expect(stream.agreesWith({ streamId: new Uint8Array(0), ...at(2) })).to.equal(false)
    expect(stream.agreesWith({ streamId, ...at(2), lastEventId: ids[2] as Uint8Array })).to.equal(false)
  })

  it('goes on where an earlier run left it', () => {
    const streamId = newId()
    const waiting = [encoded('said'), encoded('never said')]
    const stream = OutgoingStream.resume({ streamId, acknowledged: 4n, sent: 5n }, waiting)
    expect([stream.acknowledged, stream.sent, stream.unacknowledged]).to.deep.equal([4n, 5n, 2])
    const lastEventId = parseEvent(waiting[0] as Uint8Array).eventId
    const agreed = [3n, 4n, 5n, 6n].filter((stored) => stream.agreesWith({ streamId, stored, lastEventId }))
    expect(agreed).to.deep.equal([4n, 5n])
    expect(stream.take()).to.deep.equal({ firstSequence: 5n, events: waiting })
  })

  it('refuses to go on where more was said than waits', () => {
    const resume = (sent: bigint) => () =>
      OutgoingStream.resume({ streamId: newId(), acknowledged: 4n, sent }, [encoded()])
    for (const sent of [3n, 6n]) expect(resume(sent)).to.throw(TypeError)
  })

  it('says first in a renewed stream what the other side has lost', () => {
    const stream = outgoingWith(encoded('waits'))
    stream.renew(newId(), [encoded('lost')])
    const { events } = stream.take() as EventBatch
    expect(texts(events.map(parseEvent))).to.deep.equal(['lost', 'waits'])
  })

  it('numbers what waits from 1 again in a renewed stream', () => {
    const stream = outgoingWith(encoded(), encoded('waits'))
    stream.take()
    stream.acknowledge(1n)
    stream.renew(newId())
    expect(stream.isUnsaid).to.equal(true)
    const { firstSequence, events } = stream.take() as EventBatch
    expect(firstSequence).to.equal(1n)
    expect(texts(events.map(parseEvent))).to.deep.equal(['waits'])
  })
})

describe('IncomingStream', () => {
  it('hands out events once and in order, and stores what it is told to', () => {
    const stream = new IncomingStream(newId())
    expect(texts(stream.accept(batch(1n, encoded('a'), encoded('b'))))).to.deep.equal(['a', 'b'])
    expect([stream.received, stream.stored]).to.deep.equal([2n, 0n])
    stream.markStored(1)
    expect([stream.received, stream.stored]).to.deep.equal([2n, 1n])
    expect(() => stream.markStored(2)).to.throw(TypeError)
  })

  it('drops what it has seen and takes the rest of the same record', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((text) => encoded(text)) as [Uint8Array, Uint8Array, Uint8Array]
    const stream = new IncomingStream(newId())
    stream.accept(batch(1n, a, b))
    stream.markStored(1)
    expect(texts(stream.accept(batch(1n, a, b, c)))).to.deep.equal(['c'])
    expect(stream.received).to.equal(3n)
  })

  it('leaves a stream where a number comes again with another event', () => {
    for (const sequence of [1n, 2n]) {
      const stream = new IncomingStream(newId())
      stream.accept(batch(1n, encoded('a'), encoded('b')))
      stream.markStored(1)
      expect(() => stream.accept(batch(sequence, encoded('other'))))
        .to.throw()
        .with.property('code', 'ERR_STREAM_RENEWED')
      expect(stream.isForked).to.equal(true)
    }
  })

  it('goes on where an earlier run left it', () => {
    const [a, b] = [encoded('a'), encoded('b')]
    const before = new IncomingStream(newId())
    before.accept(batch(1n, a))
    before.markStored(1)
    const { streamId, stored, lastStoredEventId: lastEventId } = before
    const after = IncomingStream.resume({ streamId, stored, lastEventId })
    expect(texts(after.accept(batch(1n, a, b)))).to.deep.equal(['b'])
    expect(() => after.accept(batch(1n, encoded('other'))))
      .to.throw()
      .with.property('code', 'ERR_STREAM_RENEWED')
  })

  it('takes in again what it received and nobody stored', () => {
    const events = ['a', 'b', 'c'].map((text) => encoded(text))
    const stream = new IncomingStream(newId())
    stream.accept(batch(1n, ...events))
    stream.markStored(1)
    stream.forgetUnstored(1)
    expect(stream.received).to.equal(2n)
    stream.forgetUnstored()
    expect(stream.received).to.equal(1n)
    expect(texts(stream.accept(batch(2n, ...events.slice(1))))).to.deep.equal(['b', 'c'])
  })

  it('refuses a gap', () => {
    const stream = new IncomingStream(newId())
    refuses(stream, batch(2n, encoded()))
    stream.accept(batch(1n, encoded()))
    refuses(stream, batch(3n, encoded()))
    for (const body of pieces(3n, encoded('xyz'), 20).slice(0, 1)) refuses(stream, body)
  })

  it('joins pieces of any size', () => {
    const event = encoded('pieced together')
    for (const size of [1, 7, event.length - 1, event.length]) {
      const stream = new IncomingStream(newId())
      const events = pieces(1n, event, size).flatMap((body) => stream.accept(body))
      expect(texts(events), `pieces of ${size} bytes`).to.deep.equal(['pieced together'])
    }
  })

  it('refuses pieces left out, repeated, in another order, broken off, or of two events', () => {
    const [first, second, third] = pieces(1n, encoded('0123456789'), 12) as [RecordBody, RecordBody, RecordBody]
    const [other] = pieces(2n, encoded('other'), 12) as [RecordBody]
    const wrong: ReadonlyArray<readonly [RecordBody[], RecordBody]> = [
      [[], second],
      [[first], third],
      [[first], first],
      [[first, second], first],
      [[first], batch(1n, encoded('whole'))],
      [[first], other],
    ]
    for (const [before, then] of wrong) {
      const stream = new IncomingStream(newId())
      for (const body of before) stream.accept(body)
      refuses(stream, then)
    }
  })

  it('refuses pieces that together are no event', () => {
    const stream = new IncomingStream(newId())
    for (const body of pieces(1n, Buffer.from('1a021a00', 'hex'), 4)) refuses(stream, body)
  })

  it('lets an event that it has seen be broken off in the middle', () => {
    const event = encoded('seen before')
    const stream = new IncomingStream(newId())
    stream.accept(batch(1n, event))
    stream.accept(pieces(1n, event, 12)[0] as RecordBody)
    expect(texts(stream.accept(batch(2n, encoded('next'))))).to.deep.equal(['next'])
  })

  function refuses(stream: IncomingStream, body: RecordBody): void {
    expect(() => stream.accept(body))
      .to.throw()
      .with.property('code', 'ERR_RECORD_MALFORMED')
  }
})

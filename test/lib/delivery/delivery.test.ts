import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { CloseReason, type Event, FileProgressPause, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { Delivery } from '#lib/delivery/delivery.ts'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import type { FileLane } from '#lib/delivery/file-lane.ts'
import { IncomingStream } from '#lib/delivery/incoming-stream.ts'
import { EVENT_ID_BYTES, MAX_PART_DATA_BYTES, STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { encodeRecordBody, parseRecordBody } from '#lib/delivery/record-body.ts'
import { StreamPair } from '#lib/delivery/stream-pair.ts'
import { textBody } from '../../support/event-text.ts'
import { assertProperty } from '../../support/property.ts'

const drawStreamId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)

/** One person's side: the streams, which last, and the delivery of the conversation that carries them now. */
class Side {
  readonly opener: boolean
  streams = new StreamPair(drawStreamId())
  delivery: Delivery
  readonly stored: string[] = []
  /** Events received and not yet stored. */
  waiting: Event[] = []
  acknowledged = 0
  closeReason: CloseReason | undefined
  /** Up to where the other side's user has seen what this side says. */
  read: bigint | undefined

  constructor(opener: boolean) {
    this.opener = opener
    this.delivery = this.open()
  }

  open(opener = this.opener, files?: FileLane): Delivery {
    this.delivery = new Delivery({ opener, streams: this.streams, drawStreamId, ...(files && { files }) })
    return this.delivery
  }

  say(...texts: string[]): void {
    for (const text of texts) {
      const eventId = randomBytes(EVENT_ID_BYTES)
      this.streams.outgoing.append(encodeTextEvent({ eventId, writtenAt: new Date(0), body: Buffer.from(text) }))
    }
  }

  hear(plaintext: Uint8Array): void {
    const { events, acknowledged, close, read } = this.delivery.receive(parseRecordBody(plaintext))
    this.waiting.push(...events)
    this.acknowledged += acknowledged
    this.closeReason = close?.reason
    if (read !== undefined) this.read = read
  }

  store(count = this.waiting.length): void {
    const events = this.waiting.splice(0, count)
    this.stored.push(...events.map((event) => textBody(event)?.toString() ?? ''))
    this.streams.incoming?.markStored(events.length)
  }

  /** What it says until it has nothing to say. */
  speak(): Uint8Array[] {
    const said: Uint8Array[] = []
    for (let next = this.delivery.next(); next !== undefined; next = this.delivery.next()) said.push(next)
    return said
  }
}

function pair(): [alice: Side, bob: Side] {
  return [new Side(true), new Side(false)]
}

/** Carry records both ways until neither side has anything to say. Returns how many there were. */
function settle(alice: Side, bob: Side): number {
  let records = 0
  for (let said = -1; said !== records; ) {
    said = records
    for (const [speaker, hearer] of [[alice, bob] as const, [bob, alice] as const]) {
      for (const plaintext of speaker.speak()) {
        hearer.hear(plaintext)
        hearer.store()
        records += 1
      }
    }
  }
  return records
}

describe('Delivery', () => {
  it('says Resume and the first events of a new stream in one record', () => {
    const [alice, bob] = pair()
    alice.say('hello')
    const said = alice.speak()
    expect(said).to.have.length(1)
    expect(bob.speak()).to.deep.equal([])
    said.forEach((plaintext) => void bob.hear(plaintext))
    bob.store()
    expect(bob.stored).to.deep.equal(['hello'])
  })

  it('acknowledges a burst with as few records as carry it', () => {
    const [alice, bob] = pair()
    settle(alice, bob)
    alice.say(...Array.from({ length: 10_000 }, (_, n) => `line ${n}`))
    const said = alice.speak()
    expect(said.length).to.be.below(15)
    said.forEach((plaintext) => void bob.hear(plaintext))
    bob.store()
    const answer = bob.speak()
    expect(answer).to.have.length(1)
    answer.forEach((plaintext) => void alice.hear(plaintext))
    expect(alice.acknowledged).to.equal(10_000)
    expect(alice.streams.outgoing.unacknowledged).to.equal(0)
  })

  it('acknowledges only what is stored', () => {
    const [alice, bob] = pair()
    alice.say('a', 'b', 'c')
    alice.speak().forEach((plaintext) => void bob.hear(plaintext))
    bob.store(2)
    bob.speak().forEach((plaintext) => void alice.hear(plaintext))
    expect(alice.acknowledged).to.equal(2)
    expect(bob.speak()).to.deep.equal([])
    bob.store()
    bob.speak().forEach((plaintext) => void alice.hear(plaintext))
    expect(alice.acknowledged).to.equal(3)
  })

  it('puts an acknowledgement and an answer into one record', () => {
    const [alice, bob] = pair()
    settle(alice, bob)
    alice.say('question')
    alice.speak().forEach((plaintext) => void bob.hear(plaintext))
    bob.store()
    bob.say('answer')
    const [answer, ...more] = bob.speak().map(parseRecordBody)
    expect(more).to.deep.equal([])
    expect([answer?.acknowledged, answer?.events.length]).to.deep.equal([1n, 1])
  })

  it('resumes behind what the other side has stored, without saying it again', () => {
    const [alice, bob] = pair()
    alice.say('a', 'b', 'c')
    alice.speak().forEach((plaintext) => void bob.hear(plaintext))
    bob.store(2)
    alice.open()
    bob.open()
    alice.say('d')
    settle(alice, bob)
    expect(bob.stored).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(alice.acknowledged).to.equal(4)
  })

  it('waits for the other side’s Resume in a stream that was used before', () => {
    const [alice, bob] = pair()
    alice.say('a')
    alice.speak().forEach((plaintext) => void bob.hear(plaintext))
    alice.open()
    const [resume, ...more] = alice.speak().map(parseRecordBody)
    expect(more).to.deep.equal([])
    expect(resume?.events).to.deep.equal([])
  })

  it('begins a new stream where the host has lost its memory, and says again what waits', () => {
    const [alice, bob] = pair()
    alice.say('a', 'b')
    settle(alice, bob)
    alice.say('c')
    const restarted = new Side(false)
    alice.open()
    expect(() => settle(alice, restarted))
      .to.throw()
      .with.property('code', 'ERR_STREAM_RENEWED')
    alice.open()
    restarted.open()
    settle(alice, restarted)
    expect(restarted.stored).to.deep.equal(['c'])
    expect(alice.streams.outgoing.unacknowledged).to.equal(0)
  })

  it('begins a new stream in its first Resume where the opener has lost its memory', () => {
    const [alice, bob] = pair()
    bob.say('to the old alice')
    settle(alice, bob)
    bob.say('waits')
    const restarted = new Side(true)
    bob.open()
    settle(restarted, bob)
    expect(restarted.stored).to.deep.equal(['waits'])
  })

  it('acknowledges the first events of a stream that the host has begun anew, though more of the old one was stored', () => {
    const [alice, bob] = pair()
    bob.say('a', 'b', 'c')
    settle(alice, bob)
    const restarted = new Side(false)
    restarted.say('d')
    alice.open()
    settle(alice, restarted)
    expect(alice.stored).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(restarted.streams.outgoing.unacknowledged).to.equal(0)
  })

  it('says again what a side has lost that got a restored backup back, as far as it was kept', () => {
    const [alice, bob] = pair()
    const kept: Uint8Array[] = []
    const say = (...texts: string[]): void => {
      for (const text of texts) {
        const event = encodeTextEvent({
          eventId: randomBytes(EVENT_ID_BYTES),
          writtenAt: new Date(0),
          body: Buffer.from(text),
        })
        kept.push(event)
        alice.streams.outgoing.append(event)
      }
    }
    alice.streams = new StreamPair({
      outgoing: alice.streams.outgoing,
      incoming: undefined,
      recall: ({ stored }) => kept.slice(Number(stored), alice.acknowledged),
    })
    for (const opener of [alice, bob]) {
      kept.length = 0
      alice.acknowledged = 0
      alice.streams.outgoing.renew(drawStreamId())
      const restored = new Side(opener === bob)
      alice.open(opener === alice)
      say('a')
      settle(alice, restored)
      const { streamId, stored, lastStoredEventId: lastEventId } = restored.streams.incoming as IncomingStream
      say('b', 'c')
      settle(alice, restored)
      say('waits')

      restored.stored.length = 0
      restored.streams = new StreamPair({
        outgoing: restored.streams.outgoing,
        incoming: IncomingStream.resume({ streamId, stored, lastEventId }),
        recall: () => [],
      })
      alice.open(opener === alice)
      restored.open()
      if (opener === alice) {
        expect(() => settle(alice, restored))
          .to.throw()
          .with.property('code', 'ERR_STREAM_RENEWED')
        alice.open(true)
        restored.open()
      }
      settle(alice, restored)
      expect(restored.stored).to.deep.equal(['b', 'c', 'waits'])
    }
  })

  it('says again what a host has lost that knows but the stream before', () => {
    const [alice, bob] = pair()
    const [a, b, c, d] = ['a', 'b', 'c', 'waits'].map((text) => {
      return encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(0), body: Buffer.from(text) })
    }) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    alice.streams = new StreamPair({
      outgoing: alice.streams.outgoing,
      incoming: undefined,
      recall: ({ stored }) => [a, b, c].slice(Number(stored)),
    })
    alice.open()
    alice.streams.outgoing.append(a)
    settle(alice, bob)
    const { streamId, stored, lastStoredEventId: lastEventId } = bob.streams.incoming as IncomingStream
    alice.streams.outgoing.renew(drawStreamId())
    for (const event of [b, c]) alice.streams.outgoing.append(event)
    alice.open()
    bob.open()
    settle(alice, bob)
    alice.streams.outgoing.append(d)

    bob.stored.length = 0
    const incoming = IncomingStream.resume({ streamId, stored, lastEventId })
    bob.streams = new StreamPair({ outgoing: bob.streams.outgoing, incoming, recall: () => [] })
    alice.open()
    bob.open()
    for (const plaintext of alice.speak()) bob.hear(plaintext)
    expect(bob.speak(), 'what a cut then swallows').to.have.length(1)
    alice.open()
    bob.open()
    expect(() => settle(alice, bob))
      .to.throw()
      .with.property('code', 'ERR_STREAM_RENEWED')
    alice.open()
    bob.open()
    settle(alice, bob)
    expect(bob.stored).to.deep.equal(['b', 'c', 'waits'])
  })

  it('holds nothing of a stream that it drops, however much of it comes', () => {
    const [alice, bob] = pair()
    alice.say('a')
    settle(alice, bob)
    const fresh = new Side(true)
    fresh.say('b')
    // Started anew, it has told nobody yet what it knows.
    bob.streams = new StreamPair({ outgoing: bob.streams.outgoing, incoming: bob.streams.incoming, recall: () => [] })
    bob.open()
    for (const plaintext of fresh.speak()) bob.hear(plaintext)
    expect(bob.waiting).to.deep.equal([])
    // Were its ids noted, they would have to go on from each other.
    const event = encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(0), body: 'c' })
    for (const firstSequence of [1_000n, 2n]) bob.hear(encodeRecordBody({ firstSequence, events: [event] }, {}))
    const close = { reason: CloseReason.DONE, lastSequence: 1_000n }
    bob.hear(encodeRecordBody(undefined, { control: { $case: 'close', value: close } }))
    expect([bob.waiting, bob.closeReason]).to.deep.equal([[], CloseReason.DONE])
  })

  it('begins a new stream where the other side says something else under a number that it has said', () => {
    const [alice, bob] = pair()
    const { streamId } = alice.streams.outgoing
    alice.say('a', 'b')
    settle(alice, bob)
    const restored = new Side(true)
    restored.streams = new StreamPair(streamId)
    restored.open()
    restored.say('x', 'y', 'z')
    bob.open()
    expect(() => settle(restored, bob))
      .to.throw()
      .with.property('code', 'ERR_STREAM_RENEWED')
    restored.open()
    bob.open()
    settle(restored, bob)
    expect(bob.stored).to.deep.equal(['a', 'b', 'x', 'y', 'z'])
    expect(restored.streams.outgoing.unacknowledged).to.equal(0)
  })

  it('says goodbye with what it said last, and hears the other side out', () => {
    const [alice, bob] = pair()
    alice.say('a')
    settle(alice, bob)
    alice.delivery.close(CloseReason.DONE)
    settle(alice, bob)
    expect(bob.closeReason).to.equal(CloseReason.DONE)
    expect(alice.delivery.isCloseSent).to.equal(true)
    bob.delivery.close(CloseReason.SHUTDOWN)
    settle(alice, bob)
    expect(alice.closeReason).to.equal(CloseReason.SHUTDOWN)
    expect(alice.speak()).to.deep.equal([])
  })

  it('counts in a Close what it said in this conversation, and nothing that the other side may have lost', () => {
    const [alice, bob] = pair()
    alice.say('a', 'b')
    settle(alice, bob)
    const restarted = new Side(false)
    alice.open()
    alice.speak().forEach((plaintext) => void restarted.hear(plaintext))
    alice.delivery.close(CloseReason.SHUTDOWN)
    alice.speak().forEach((plaintext) => void restarted.hear(plaintext))
    expect(restarted.closeReason).to.equal(CloseReason.SHUTDOWN)
  })

  it('can refuse to talk with a Close in place of Resume', () => {
    const [alice, bob] = pair()
    alice.say('not for you')
    alice.speak()
    bob.delivery.close(CloseReason.KEY_CHANGED)
    bob.speak().forEach((plaintext) => void alice.hear(plaintext))
    expect(alice.closeReason).to.equal(CloseReason.KEY_CHANGED)
    expect(alice.streams.outgoing.unacknowledged).to.equal(1)
  })

  it('says up to where its user has seen the other side’s events, and says it again in the next conversation', () => {
    const [alice, bob] = pair()
    alice.say('one', 'two')
    settle(alice, bob)
    bob.store()
    bob.streams.incoming?.markRead(1n)
    settle(alice, bob)
    expect(alice.read).to.equal(1n)
    bob.open()
    alice.open()
    settle(alice, bob)
    expect(alice.read).to.equal(1n)
    bob.streams.incoming?.markRead(2n)
    expect(parseRecordBody(bob.delivery.next() as Uint8Array)).to.include({ read: 2n, acknowledged: 0n })
    expect(bob.delivery.next()).to.equal(undefined)
  })

  describe('with files', () => {
    const chunk = { offerId: Buffer.alloc(EVENT_ID_BYTES, 1), offset: 0n, data: Buffer.from('a piece') }
    const progress = { offerId: Buffer.alloc(EVENT_ID_BYTES, 1), received: 0n, pause: FileProgressPause.UNSPECIFIED }

    function laneOf<T>(...chunks: T[]): { nextChunk: () => T | undefined; nextProgress: () => undefined } {
      return { nextChunk: () => chunks.shift(), nextProgress: () => undefined }
    }

    it('says nothing of them before both sides have resumed', () => {
      const delivery = new Delivery({
        opener: true,
        streams: new StreamPair(drawStreamId()),
        drawStreamId,
        files: { nextChunk: () => chunk, nextProgress: () => progress },
      })
      const first = parseRecordBody(delivery.next() as Uint8Array)
      expect(first.piece).to.equal(undefined)
      expect(first.fileProgress).to.equal(undefined)
      expect(delivery.next()).to.equal(undefined)
    })

    it('lets what people say go first, and the other side have each piece', () => {
      const [alice, bob] = pair()
      alice.open(true, laneOf(chunk, { ...chunk, offset: 7n }))
      const [first] = alice.speak()
      bob.hear(first as Uint8Array)
      for (const plaintext of bob.speak()) alice.hear(plaintext)
      const piece = parseRecordBody(alice.delivery.next() as Uint8Array)
      expect(piece.piece).to.deep.equal({ $case: 'fileChunk', value: chunk })
      alice.say('in between')
      const said = parseRecordBody(alice.delivery.next() as Uint8Array)
      expect(said.events).to.have.lengthOf(1)
      expect(said.piece).to.equal(undefined)
      const last = alice.delivery.next() as Uint8Array
      expect(bob.delivery.receive(parseRecordBody(RecordBody.encode(said).finish())).events).to.have.lengthOf(1)
      expect(bob.delivery.receive(parseRecordBody(last)).chunk?.offset).to.equal(7n)
    })
  })

  describe('receive', () => {
    const resume = {
      $case: 'resume',
      value: { streamId: Buffer.alloc(STREAM_ID_BYTES, 1), peerStreamId: Buffer.alloc(0) },
    }
    const close = { $case: 'close', value: { reason: CloseReason.DONE, lastSequence: 0n } }
    const first = RecordBody.fromPartial({ control: resume } as never)

    const hostile: ReadonlyArray<readonly [what: string, records: RecordBody[]]> = [
      ['a first record without Resume', [RecordBody.fromPartial({})]],
      ['a second Resume', [first, first]],
      ['that more is read than was acknowledged', [first, RecordBody.fromPartial({ read: 1n } as never)]],
      ['an acknowledgement of what was never said', [first, RecordBody.fromPartial({ acknowledged: 1n } as never)]],
      [
        'anything after the Close',
        [first, RecordBody.fromPartial({ control: close } as never), RecordBody.fromPartial({})],
      ],
      [
        'a Close that counts events that never came',
        [
          first,
          RecordBody.fromPartial({ control: { ...close, value: { ...close.value, lastSequence: 1n } } } as never),
        ],
      ],
      [
        'a Close for a first record that counts events',
        [RecordBody.fromPartial({ control: { ...close, value: { ...close.value, lastSequence: 1n } } } as never)],
      ],
    ]
    for (const [what, records] of hostile) {
      it(`refuses ${what}`, () => {
        const { delivery } = new Side(false)
        const receiveAll = (): void => records.forEach((body) => void delivery.receive(body))
        expect(receiveAll).to.throw().with.property('code', 'ERR_RECORD_MALFORMED')
      })
    }
  })

  it('stores every text once and in order, wherever the conversations are cut and whatever is slow', () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('say' as const),
          who: fc.nat(1),
          count: fc.integer({ min: 1, max: 5 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('sayLong' as const), who: fc.nat(1), count: fc.constant(1) }),
      },
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant('carry' as const),
          who: fc.nat(1),
          count: fc.integer({ min: 1, max: 3 }),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('store' as const),
          who: fc.nat(1),
          count: fc.integer({ min: 1, max: 4 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), who: fc.nat(1), count: fc.constant(1) }) },
    )
    assertProperty(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const sides = pair()
        const said: [string[], string[]] = [[], []]
        // What a side has said and the other has not yet heard, in order.
        let wires: [Uint8Array[], Uint8Array[]] = [[], []]
        const reopen = (): void => {
          wires = [[], []]
          for (const side of sides) side.open()
        }
        for (const { do: action, who, count } of steps) {
          const [side, other] = who === 0 ? [sides[0], sides[1]] : [sides[1], sides[0]]
          const texts = said[who === 0 ? 0 : 1]
          const wire = wires[who === 0 ? 0 : 1]
          if (action === 'say') {
            for (let n = 0; n < count; n += 1) texts.push(`${who}/${texts.length}`)
            side.say(...texts.slice(-count))
          } else if (action === 'sayLong') {
            texts.push('long '.repeat(MAX_PART_DATA_BYTES / 2) + texts.length)
            side.say(...texts.slice(-1))
          } else if (action === 'store') {
            side.store(count)
          } else if (action === 'cut') {
            reopen()
          } else {
            for (let n = 0; n < count; n += 1) {
              const next = side.delivery.next()
              if (next !== undefined) wire.push(next)
              const arriving = wire.shift()
              if (arriving !== undefined) other.hear(arriving)
            }
          }
        }
        reopen()
        for (const side of sides) side.store()
        settle(...sides)
        expect(sides[1].stored).to.deep.equal(said[0])
        expect(sides[0].stored).to.deep.equal(said[1])
        expect([sides[0].acknowledged, sides[1].acknowledged]).to.deep.equal([said[0].length, said[1].length])
      }),
    )
  })
})

import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { CloseReason, Resume } from '#gen/sotto/peer/v1/record.ts'
import { RenewingChannel } from '#lib/channel/renewing-channel.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { OutgoingStream } from '#lib/delivery/outgoing-stream.ts'
import { encodeRecordBody } from '#lib/delivery/record-body.ts'
import { SottoError } from '#lib/errors.ts'
import { type Schedule, scheduleRef } from '#lib/runtime/schedule.ts'
import { DurableStreams } from '../../../clients/messenger/durable-streams.ts'
import { Conversation } from '../../../clients/peer/conversation.ts'
import type { RecordLink } from '../../../clients/peer/record-link.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import type { Store } from '../../../clients/store/store.ts'
import type { Trace, TraceEvent } from '../../../clients/trace/trace.ts'
import { FakeClock } from '../../support/clock.ts'
import { codeOf } from '../../support/code-of.ts'
import { converse, NOW_MS } from '../../support/conversation.ts'
import { textOf } from '../../support/event-text.ts'
import { permitReceiving, permitWriting } from '../../support/permits.ts'
import { randomFrom } from '../../support/random.ts'
import { ALICE_ENDS } from '../../support/renewing-pair.ts'
import { BOB_KEY, outgoingText, testStore } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

/** A link that is as slow to take records as a test wants it, and brings those that it is given. */
class SlowLink implements RecordLink {
  /** One for each record that was sent: takes it. */
  readonly sent: (() => void)[] = []
  readonly #incoming: Uint8Array[]

  constructor(...incoming: Uint8Array[]) {
    this.#incoming = incoming
  }

  async next(): Promise<Uint8Array | undefined> {
    return this.#incoming.shift() ?? (await new Promise(() => undefined))
  }

  ready(): Uint8Array | undefined {
    return this.#incoming.shift()
  }

  send(): Promise<void> {
    return new Promise((resolve) => this.sent.push(resolve))
  }

  end(): void {}

  cancel(): void {}
}

/** Until all that can happen now has. */
const calm = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('Conversation', () => {
  let folder: TemporaryFolder
  let store: Store
  beforeEach(async () => {
    folder = await temporaryFolder()
    store = testStore(folder.path)
  })
  afterEach(async () => {
    store.close()
    await folder[Symbol.asyncDispose]()
  })

  const clock = new ServerClock(new FakeClock(NOW_MS), 0)

  function streamsWhere(sendsReceipts: () => boolean): DurableStreams {
    const messageLog = store.messageLog('bob', BOB_KEY)
    return new DurableStreams({
      messageLog,
      onProgress: () => undefined,
      sendsReceipts,
      permit: (key) => permitReceiving('bob', key),
    })
  }

  /** Alice opens a conversation with somebody who says where they stand, which is at nothing, and then some texts. */
  function open(
    streams: DurableStreams,
    {
      texts = [] as readonly string[],
      shown = [] as string[][],
      trace = undefined as Trace,
      schedule = scheduleRef,
    } = {},
  ): { conversation: Conversation; link: SlowLink } {
    const { alice, bob } = converse()
    // What Alice says first confirms the channel.
    bob.open(alice.seal(encodeRecordBody(undefined, {})))
    const streamId = randomBytes(STREAM_ID_BYTES)
    const resume = Resume.fromPartial({ streamId, peerStreamId: Buffer.from(streams.pair.outgoing.streamId) })
    const bobs = new OutgoingStream(streamId)
    const said = texts.map((text) => {
      bobs.append(outgoingText(text))
      return encodeRecordBody(bobs.take(), {})
    })
    const records = [encodeRecordBody(undefined, { control: { $case: 'resume', value: resume } }), ...said]
    const link = new SlowLink(...records.map((record) => bob.seal(record)))
    const channel = new RenewingChannel({
      channel: alice,
      role: { opener: { ends: ALICE_ENDS, instanceId: randomBytes(16), random: randomFrom('renewals of alice') } },
      maxSessionDurationMs: 60_000,
      nowMs: clock.local.monotonicMs(),
    })
    const conversation = new Conversation({
      opener: true,
      route: 'direct',
      ownName: 'alice',
      peerName: 'bob',
      channel,
      ask: () => new Promise(() => undefined),
      clock,
      link,
      streams,
      deliver: (_name, events) => void shown.push(events.map(textOf)),
      trace,
      schedule,
    })
    return { conversation, link }
  }

  it('tells of records that the trace left out when it is cut, once', async () => {
    const told: TraceEvent[] = []
    const { conversation, link } = open(
      streamsWhere(() => false),
      { trace: (event) => told.push(event) },
    )
    await calm()
    conversation.sendTyping(true)
    for (let n = 0; n < 3; n += 1) {
      link.sent.shift()?.()
      await calm()
    }
    expect(told.map(({ message }) => message)).to.deep.equal(['Record 0: Resume', 'Record 0: Resume'])
    for (let n = 0; n < 2; n += 1) conversation.cut(new SottoError('ERR_CHANNEL_CUT', 'cut'))
    expect(told.slice(2).map(({ message, from }) => [message, from])).to.deep.equal([
      ['Records left out, to the end', 'alice'],
    ])
    expect(told[2]?.fields[0]?.note).to.match(/^record 1: 1 × Typing$/)
  })

  for (const [when, texts, answerMs] of [
    ['a moment', [], 200],
    ['as long as ever where something waits to be acknowledged', ['is said'], 2_000],
  ] as const) {
    it(`waits for the answer to its Close, from when the link has taken it, ${when}`, async () => {
      const waits: { delayMs: number; over: () => void }[] = []
      const schedule: Schedule = (delayMs, over) => {
        waits.push({ delayMs, over })
        return { cancel: () => undefined }
      }
      const streams = streamsWhere(() => false)
      for (const text of texts) streams.append(permitWriting('bob'), [outgoingText(text)])
      const { conversation, link } = open(streams, { schedule })
      await calm()
      waits.length = 0
      const closed = conversation.close(CloseReason.SHUTDOWN)
      for (let n = 0; n < 6; n += 1) {
        await calm()
        link.sent.shift()?.()
      }
      await calm()
      expect(waits.map(({ delayMs }) => delayMs)).to.deep.equal([2_000, answerMs])
      waits[1]?.over()
      expect(await closed).to.deep.equal({ how: 'closed', by: 'self', reason: CloseReason.SHUTDOWN })
    })
  }

  it('ends where the store cannot be read any more', async () => {
    const waits: (() => void)[] = []
    const schedule: Schedule = (_delayMs, over) => {
      waits.push(over)
      return { cancel: () => undefined }
    }
    const { conversation } = open(
      streamsWhere(() => false),
      { schedule },
    )
    await calm()
    store.close()
    const closed = conversation.close(CloseReason.SHUTDOWN)
    for (let n = 0; n < 6; n += 1) {
      await calm()
      for (const over of waits.splice(0)) over()
    }
    expect((await closed).how).to.equal('closed')
  })

  it('says nothing more once another has taken its place, though its link takes a record late', async () => {
    const streams = streamsWhere(() => false)
    streams.append(permitWriting('bob'), [outgoingText('is said')])
    const first = open(streams)
    await calm()
    streams.append(permitWriting('bob'), [outgoingText('waits')])
    const second = open(streams)
    first.link.sent[0]?.()
    await calm()
    expect((await first.conversation.ended).how).to.equal('cut')
    expect(first.link.sent).to.have.length(1)

    // It is the second that says it.
    second.link.sent[0]?.()
    await calm()
    expect(second.link.sent).to.have.length(2)
    second.conversation.replace()
  })

  it('stores what comes together in one step, and acknowledges all of it', async () => {
    const streams = streamsWhere(() => false)
    streams.identityKey = BOB_KEY
    const shown: string[][] = []
    const texts = Array.from({ length: 20 }, (_, index) => `line ${index}`)
    const { conversation, link } = open(streams, { texts, shown })
    await calm()
    link.sent[0]?.()
    await calm()
    expect(shown).to.deep.equal([texts])
    expect(streams.pair.incoming?.stored).to.equal(20n)
    conversation.replace()
  })

  it('leaves a turn to everything else between two steps, however much comes', async () => {
    const shown: string[][] = []
    const texts = Array.from({ length: 30 }, (_, index) => String(index).padEnd(60_000))
    const streams = streamsWhere(() => false)
    streams.identityKey = BOB_KEY
    const { conversation } = open(streams, { texts, shown })
    for (let before = 0; shown.flat().length < texts.length; before = shown.length) {
      await calm()
      expect(shown.length - before).to.be.lessThan(2)
    }
    expect(shown).to.have.length(4)
    conversation.replace()
  })

  it('does not stand in the way of the next where its beginning fails', async () => {
    let isFailing = true
    const streams = streamsWhere(() => {
      if (isFailing) throw new SottoError('ERR_STORE', 'the disk fails to read or write the store')
      return false
    })
    expect(codeOf(() => open(streams))).to.equal('ERR_STORE')
    await calm()
    expect(streams.conversation).to.equal(undefined)
    isFailing = false
    const { conversation } = open(streams)
    expect(streams.conversation).to.equal(conversation)
    conversation.replace()
  })

  it('ends the one before, and itself, where its beginning fails', async () => {
    let isFailing = false
    const streams = streamsWhere(() => {
      if (isFailing) throw new SottoError('ERR_STORE', 'the disk fails to read or write the store')
      return false
    })
    const { conversation } = open(streams)
    isFailing = true
    expect(codeOf(() => open(streams))).to.equal('ERR_STORE')
    expect((await conversation.ended).how).to.equal('cut')
    expect(streams.conversation).to.equal(undefined)
  })
})

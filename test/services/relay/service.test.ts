import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import {
  type AnswerRequest,
  type AnswerResponse,
  type AttendResponse,
  type CallRequest,
  type CallResponse,
  EndCode,
} from '#gen/sotto/relay/v1/relay_service.ts'
import { drawPrekey } from '#lib/letter/prekey.ts'
import { connect } from '#lib/rpc/client.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { OpenStream } from '../../support/open-stream.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { onWire } from '../../support/running-mailbox.ts'
import { type PlainRelayConnection, RelayUnderTest } from '../../support/running-relay.ts'

type CallStream = Duplex<CallResponse, CallRequest>
type AnswerStream = Duplex<AnswerResponse, AnswerRequest>

const NOBODY = Buffer.alloc(16, 9)

/** The largest message of a conversation, in bytes: a record with what names it. */
const LARGEST = 66 * 1024

class OpenAttendance extends OpenStream<AttendResponse> {
  constructor({ call }: PlainRelayConnection, session: TestSession) {
    super((signal) => call.attend({}, { bearer: session.keys.relayBearer as never, signal }))
  }

  /** Receive an id: of the attendance first, and then of each call. */
  async id(): Promise<Buffer> {
    const { event } = await this.next()
    // Of letters that an earlier test has left, too, where the database is the same for all.
    if (event?.$case === 'mail') return await this.id()
    if (event === undefined) throw new Error('no id')
    return event.value
  }
}

describe('RelayService', () => {
  let auth: AuthUnderTest
  let relay: RelayUnderTest
  let alice: TestSession
  let bob: TestSession
  let atAlice: PlainRelayConnection
  let atBob: PlainRelayConnection

  before(async () => {
    auth = await AuthUnderTest.start({ clock: systemClock, isLaid: true })
    for (const name of ['alice', 'bob', 'carol']) await auth.addUser(name, `${name}'s password`)
  })
  beforeEach(async () => {
    relay = await RelayUnderTest.start(auth)
    ;[atAlice, atBob] = [relay.connect(), relay.connect()]
    alice = await auth.login('alice')
    bob = await auth.login('bob')
  })
  afterEach(() => relay[Symbol.asyncDispose]())
  after(() => auth[Symbol.asyncDispose]())

  async function attend(session = bob, connection = atBob) {
    const attendance = new OpenAttendance(connection, session)
    return { attendance, id: await attendance.id() }
  }

  async function call(attendanceId: Buffer, session = alice, connection = atAlice): Promise<CallStream> {
    const stream = connection.call.call({ bearer: session.keys.relayBearer as never })
    await stream.send({ message: { $case: 'attendanceId', value: attendanceId } })
    return stream
  }

  async function answer(callId: Buffer, session = bob, connection = atBob): Promise<AnswerStream> {
    const stream = connection.call.answer({ bearer: session.keys.relayBearer as never })
    await stream.send({ message: { $case: 'callId', value: callId } })
    return stream
  }

  /** A call that is joined: both ends of it. */
  async function joined() {
    const { attendance, id } = await attend()
    const caller = await call(id)
    const answerer = await answer(await attendance.id())
    expect((await caller.messages.next()).value?.message?.$case).to.equal('joined')
    return { attendance, caller, answerer }
  }

  const next = async <Message>(stream: Pick<Duplex<Message, never>, 'messages'>): Promise<Message | undefined> => {
    const { value, done } = await stream.messages.next()
    return done ? undefined : value
  }
  const request = (value: Buffer): CallRequest => ({ message: { $case: 'request', value } })
  const response = (value: Buffer): AnswerRequest => ({ message: { $case: 'response', value } })
  const end = (code: EndCode, retryMs?: number): AnswerRequest => ({
    message: {
      $case: 'end',
      value: { code, retryDelay: retryMs === undefined ? undefined : { seconds: BigInt(retryMs / 1_000), nanos: 0 } },
    },
  })
  const codeOf = async (stream: CallStream | AnswerStream) => (await rejection(next(stream as CallStream))).code

  it('carries what each end sends to the other, byte for byte and in order', async () => {
    const { caller, answerer } = await joined()
    const sent = [Buffer.alloc(0), Buffer.from([18]), randomBytes(1), randomBytes(LARGEST)]
    for (const bytes of sent) {
      await caller.send(request(bytes))
      expect(await next(answerer)).to.deep.equal({ message: { $case: 'request', value: bytes } })
      await answerer.send(response(bytes))
      expect(await next(caller)).to.deep.equal({ message: { $case: 'response', value: bytes } })
    }
  })

  it('says nothing before the call is answered, and that nobody has answered in time', async () => {
    await relay[Symbol.asyncDispose]()
    relay = await RelayUnderTest.start(auth, { answerTimeoutMs: 100 })
    ;[atAlice, atBob] = [relay.connect(), relay.connect()]
    const { id } = await attend()
    const caller = await call(id)
    expect((await rejection(next(caller))).code).to.equal('ERR_UNAVAILABLE')
  })

  it('says that letters have come to all who attend for the account, and to nobody else', async () => {
    const all = [await attend(), await attend()]
    const other = await attend(alice, atAlice)
    const mailbox = connect(MailboxServiceService, {
      address: relay.running.address,
      security: { authorityPem: auth.running.caPem, role: 'relay.sotto' },
    })
    const lastResort = onWire(drawPrekey(randomBytes).prekey)
    const own = { bearer: bob.keys.relayBearer as never }
    await mailbox.call.putPrekeys({ prekeys: [], lastResort, withdrawnIds: [] }, own)
    const letter = { username: 'bob', sessionId: bob.id, letter: randomBytes(100) }
    await mailbox.call.postLetters({ letters: [letter] }, { bearer: alice.keys.relayBearer as never })
    mailbox.close()
    for (const { attendance, id } of all) {
      expect((await attendance.next()).event?.$case).to.equal('mail')
      await call(id)
      expect((await attendance.next()).event?.$case).to.equal('callId')
    }
    await call(other.id, bob, atBob)
    expect((await other.attendance.next()).event?.$case).to.equal('callId')
  })

  it('calls nobody by an id that is none, or no longer', async () => {
    expect(await codeOf(await call(NOBODY))).to.equal('ERR_NOT_ONLINE')
    const { attendance, id } = await attend()
    attendance.cancel()
    await rejection(attendance.next())
    await until(async () => (await codeOf(await call(id))) === 'ERR_NOT_ONLINE')
  })

  it('lets a call be answered once, and by the session that attends alone', async () => {
    const { attendance, id } = await attend()
    const caller = await call(id)
    const callId = await attendance.id()
    const carol = await auth.login('carol')
    const otherBob = await auth.login('bob')
    for (const session of [carol, otherBob, alice]) {
      expect(await codeOf(await answer(callId, session, relay.connect()))).to.equal('ERR_NOT_ONLINE')
    }
    const answerer = await answer(callId)
    expect((await next(caller))?.message?.$case).to.equal('joined')
    expect(await codeOf(await answer(callId))).to.equal('ERR_NOT_ONLINE')
    await answerer.send(response(Buffer.from('here')))
    expect((await next(caller))?.message?.$case).to.equal('response')
  })

  it('asks for the relay bearer, and takes no other', async () => {
    for (const bearer of [bob.keys.directoryBearer, bob.keys.authBearer, undefined]) {
      const stream = atBob.call.attend({}, bearer === undefined ? {} : { bearer })
      expect((await rejection(stream[Symbol.asyncIterator]().next())).code).to.equal('ERR_SESSION_ENDED')
    }
  })

  describe('an end', () => {
    for (const [code, expected] of [
      [EndCode.HELLO_REFUSED, 'ERR_HELLO_REFUSED'],
      [EndCode.BUSY, 'ERR_BUSY'],
      [EndCode.CHANNEL_CLOSED, 'ERR_CHANNEL_CLOSED'],
      [77 as EndCode, 'ERR_CHANNEL_CLOSED'],
    ] as const) {
      it(`of the one who answers is a status for the caller: ${expected} for ${code}`, async () => {
        const { caller, answerer } = await joined()
        await answerer.send(response(Buffer.from('the last word')))
        await answerer.send(end(code))
        expect((await next(caller))?.message?.$case).to.equal('response')
        expect(await codeOf(caller)).to.equal(expected)
        expect(await next(answerer)).to.equal(undefined)
      })
    }

    it('says when to come back, up to a minute', async () => {
      for (const [asked, told] of [
        [2_000, 2_000],
        [3_600_000_000, 60_000],
      ] as const) {
        const { caller, answerer } = await joined()
        await answerer.send(end(EndCode.BUSY, asked))
        expect((await rejection(next(caller))).retryAfterMs).to.equal(told)
      }
    })

    it('in order is one for the caller, too', async () => {
      const { caller, answerer } = await joined()
      await answerer.send(end(EndCode.UNSPECIFIED))
      expect(await next(caller)).to.equal(undefined)
    })

    it('of the caller’s direction is told to the one who answers, who may go on', async () => {
      const { caller, answerer } = await joined()
      caller.end()
      expect((await next(answerer))?.message?.$case).to.equal('end')
      await answerer.send(response(Buffer.from('a last word')))
      await answerer.send(end(EndCode.UNSPECIFIED))
      expect((await next(caller))?.message?.$case).to.equal('response')
      expect(await next(caller)).to.equal(undefined)
    })

    it('without a word of either is told to the other', async () => {
      const first = await joined()
      first.caller.cancel()
      // A break may look like an orderly end before it shows what it is.
      const told = await rejection(next(first.answerer).then(() => next(first.answerer)))
      expect(told.code).to.equal('ERR_CHANNEL_CLOSED')
      const second = await joined()
      second.answerer.cancel()
      expect(await codeOf(second.caller)).to.equal('ERR_CHANNEL_CLOSED')
    })

    it('comes within a second of that of a session, at either end', async () => {
      for (const whose of ['alice', 'bob'] as const) {
        const { caller, answerer } = await joined()
        const session = whose === 'alice' ? alice : bob
        const startedMs = performance.now()
        await auth.connect().call.logout({}, { bearer: session.keys.authBearer })
        const [own, other] = whose === 'alice' ? [caller, answerer] : [answerer, caller]
        expect(await codeOf(own)).to.equal('ERR_SESSION_ENDED')
        expect(await codeOf(other)).to.equal('ERR_CHANNEL_CLOSED')
        expect(performance.now() - startedMs).to.be.below(1_000)
        if (whose === 'alice') alice = await auth.login('alice')
      }
    })

    it('comes with that of the relay, which says when to try again', async () => {
      const { attendance, caller, answerer } = await joined()
      const stopped = relay.running.stop()
      for (const error of await Promise.all([attendance.end(), rejection(next(caller)), rejection(next(answerer))])) {
        expect([error.code, error.retryAfterMs]).to.deep.equal(['ERR_UNAVAILABLE', 1_000])
      }
      await stopped
    })
  })

  describe('what has no place there', () => {
    it('ends a call for the one who sends it', async () => {
      const wrong: [CallRequest, AnswerRequest][] = [
        [{ message: undefined }, { message: undefined }],
        [{ message: { $case: 'attendanceId', value: NOBODY } }, { message: { $case: 'callId', value: NOBODY } }],
      ]
      for (const [fromCaller, fromAnswerer] of wrong) {
        const first = await joined()
        await first.caller.send(fromCaller)
        expect(await codeOf(first.caller)).to.equal('ERR_INVALID_ARGUMENT')
        expect(await codeOf(first.answerer)).to.equal('ERR_CHANNEL_CLOSED')
        const second = await joined()
        await second.answerer.send(fromAnswerer)
        expect(await codeOf(second.answerer)).to.equal('ERR_INVALID_ARGUMENT')
        expect(await codeOf(second.caller)).to.equal('ERR_CHANNEL_CLOSED')
      }
    })

    it('ends a call that begins with it', async () => {
      const { id } = await attend()
      for (const message of [
        undefined,
        { $case: 'request', value: id } as const,
        { $case: 'attendanceId', value: Buffer.alloc(15) } as const,
        { $case: 'attendanceId', value: Buffer.alloc(17) } as const,
      ]) {
        const stream = atAlice.call.call({ bearer: alice.keys.relayBearer as never })
        await stream.send({ message })
        expect(await codeOf(stream)).to.equal('ERR_INVALID_ARGUMENT')
      }
    })

    it('is a message that is larger than any of a conversation', async () => {
      const { caller, answerer } = await joined()
      await caller.send(request(Buffer.alloc(LARGEST + 1_024)))
      expect(await codeOf(caller)).to.equal('ERR_REQUEST_TOO_LARGE')
      expect(await codeOf(answerer)).to.equal('ERR_CHANNEL_CLOSED')
    })
  })

  describe('limits', () => {
    it('let 2 calls of one account wait, and 8 of all, and say when to come back', async () => {
      await relay[Symbol.asyncDispose]()
      relay = await RelayUnderTest.start(auth, { answerTimeoutMs: 30_000 })
      ;[atAlice, atBob] = [relay.connect(), relay.connect()]
      const { attendance, id } = await attend()
      await call(id)
      await call(id)
      // They are there by then, and it is the third that is one too many.
      const ids = new Set([await attendance.id(), await attendance.id()].map((each) => each.toString('hex')))
      const error = await rejection(next(await call(id)))
      expect([error.code, error.retryAfterMs]).to.deep.equal(['ERR_BUSY', 1_000])
      expect(ids.size).to.equal(2)
      const names = Array.from({ length: 3 }, (_, n) => `caller-${n}`)
      for (const name of names) {
        await auth.addUser(name, `${name}'s password`)
        const session = await auth.login(name)
        await call(id, session)
        await call(id, session)
        await attendance.id()
        await attendance.id()
      }
      const carol = await auth.login('carol')
      expect(await codeOf(await call(id, carol))).to.equal('ERR_BUSY')
    })

    it('let an account call so often, or as many times more often as the host says, and say when to come back', async () => {
      const refusals = async (ratePerAccount: number) => {
        await relay[Symbol.asyncDispose]()
        relay = await RelayUnderTest.start(auth, { config: { ratePerAccount } })
        atAlice = relay.connect()
        const errors = []
        for (let n = 0; n < 150; n += 1) errors.push(await rejection(next(await call(NOBODY))))
        return errors.filter(({ code }) => code !== 'ERR_NOT_ONLINE')
      }
      const refused = await refusals(1)
      expect(refused.length).to.be.within(1, 50)
      expect(refused.every(({ code, retryAfterMs = 0 }) => code === 'ERR_BUSY' && retryAfterMs > 0)).to.equal(true)
      expect(await refusals(2)).to.deep.equal([])
    })

    it('let an account have so many conversations', async () => {
      await relay[Symbol.asyncDispose]()
      relay = await RelayUnderTest.start(auth, {
        config: { quotas: { conversations: 1, bytesPerSecond: 1e9 } },
      })
      ;[atAlice, atBob] = [relay.connect(), relay.connect()]
      const { attendance, caller } = await joined()
      const { attendance: ofCarol, id } = await attend(await auth.login('carol'), relay.connect())
      const carolIsCalled = ofCarol.id().then(() => 'called')
      const error = await rejection(next(await call(id)))
      expect([error.code, error.retryAfterMs]).to.deep.equal(['ERR_BUSY', 10_000])
      caller.cancel()
      attendance.cancel()
      // Now there is room, and carol is told of the call.
      await until(async () => (await Promise.race([codeOf(await call(id)), carolIsCalled])) === 'called')
    })

    it('slow down who sends more bytes a second than they may, and lose none', async () => {
      await relay[Symbol.asyncDispose]()
      relay = await RelayUnderTest.start(auth, { config: { quotas: { conversations: 9, bytesPerSecond: 64 * 1024 } } })
      ;[atAlice, atBob] = [relay.connect(), relay.connect()]
      const { caller, answerer } = await joined()
      const startedMs = performance.now()
      const bytes = randomBytes(32 * 1024)
      const sending = (async () => {
        for (let n = 0; n < 4; n += 1) await caller.send(request(bytes))
      })()
      for (let n = 0; n < 4; n += 1) {
        expect(await next(answerer)).to.deep.equal({ message: { $case: 'request', value: bytes } })
      }
      await sending
      // Twice what comes in a second, of which the first was there.
      expect(performance.now() - startedMs).to.be.within(800, 5_000)
    })

    it('hold no more of a call than a message and a window, however slow its other end', async () => {
      const { caller, answerer } = await joined()
      const bytes = Buffer.alloc(LARGEST)
      // A client that has not begun to read would take all of it.
      await caller.send(request(bytes))
      await next(answerer)
      let [taken, isOver] = [0, false]
      const sending = (async () => {
        while (!isOver) {
          await caller.send(request(bytes))
          taken += bytes.length
        }
      })()
      // The other end takes its window of 8 MiB, the relay its share behind it, and this end's socket what it takes.
      let before = -1
      while (before !== taken) {
        before = taken
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
      expect(taken).to.be.below(8 * 1024 * 1024 + 6 * 1024 * 1024)
      isOver = true
      let isSent = false
      void sending.then(() => {
        isSent = true
      })
      while (!isSent) await next(answerer)
    })

    it('end the oldest of more than 8 attendances of an account', async () => {
      const { attendance: oldest } = await attend()
      const ended = oldest.end()
      for (let n = 0; n < 8; n += 1) await attend()
      expect((await ended).code).to.equal('ERR_BUSY')
    })
  })
})

/** Asks until it is so; the test's time limit bounds it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}

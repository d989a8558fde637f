/**
 * Hostile bytes in each request of RelayService and MailboxService: what counts is that nobody gets an answer that the
 * contract does not list, that the relay lives, and that what others have is as it was.
 */
import { expect } from 'chai'
import { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { AnswerRequest, CallRequest, EndCode, RelayServiceService } from '#gen/sotto/relay/v1/relay_service.ts'
import { isSottoError } from '#lib/errors.ts'
import { drawPrekey } from '#lib/letter/prekey.ts'
import { connect } from '#lib/rpc/client.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { bytesOf, randomFrom } from '../../support/random.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { onWire } from '../../support/running-mailbox.ts'
import { RelayUnderTest } from '../../support/running-relay.ts'
import { tamperings } from '../../support/tampered-message.ts'
import { testLog } from '../../support/test-log.ts'

/** The answers that the contracts list for what is wrong with a request, and for who is not there. */
const LISTED = new Set([
  'ERR_INVALID_ARGUMENT',
  'ERR_REQUEST_TOO_LARGE',
  'ERR_CHANNEL_CLOSED',
  'ERR_NOT_ONLINE',
  'ERR_UNAVAILABLE',
  'ERR_NO_MAILBOX',
  'ERR_CHAT_WITH_SELF',
])

/** More calls than an account may make: here its requests are what is refused. */
const RATE = 1_000_000

/** Bytes in the place of a request. */
const bytes = { requestSerialize: (value: unknown): Buffer => value as Buffer }

const RAW = {
  attend: { ...RelayServiceService.attend, ...bytes },
  call: { ...RelayServiceService.call, ...bytes },
  answer: { ...RelayServiceService.answer, ...bytes },
  putPrekeys: { ...MailboxServiceService.putPrekeys, ...bytes },
  takePrekeys: { ...MailboxServiceService.takePrekeys, ...bytes },
  postLetters: { ...MailboxServiceService.postLetters, ...bytes },
  collect: { ...MailboxServiceService.collect, ...bytes },
} as const

type Raw = ReturnType<typeof connect<typeof RAW>>['call']

describe('the relay, attacked', function () {
  this.timeout(300_000)
  const { log, lines } = testLog('warn')
  let auth: AuthUnderTest
  let relay: RelayUnderTest
  let sessions: Record<'alice' | 'bob' | 'carol', TestSession>
  let raw: Raw
  let close: () => void
  const seed = process.env['SEED'] ?? String(Date.now())

  before(async () => {
    auth = await AuthUnderTest.start({ clock: systemClock })
    for (const name of ['alice', 'bob', 'carol']) await auth.addUser(name, `${name}'s password`)
    sessions = { alice: await auth.login('alice'), bob: await auth.login('bob'), carol: await auth.login('carol') }
    const config = { ratePerAccount: RATE, connections: { most: 1_000, mostPerAddress: 1_000 } }
    relay = await RelayUnderTest.start(auth, { log, answerTimeoutMs: 20, config })
    const connection = connect(RAW, relay.target)
    ;[raw, close] = [connection.call, () => connection.close()]
  })
  after(async () => {
    close()
    await relay[Symbol.asyncDispose]()
    await auth[Symbol.asyncDispose]()
  })
  afterEach(() => {
    expect(lines().filter(({ level }) => level === 'error')).to.deep.equal([])
  })

  const as = (name: keyof typeof sessions) => ({ bearer: sessions[name].keys.relayBearer as never })

  /** Make a call with each change of a request, and check that the answer is one that may come. */
  async function attack(
    encoded: Uint8Array,
    call: (changed: Buffer) => Promise<unknown>,
    isExpected: (code: string) => boolean = (code) => LISTED.has(code),
  ): Promise<void> {
    for (const { what, bytes } of tamperings(encoded, seed)) {
      await call(bytes).catch((error: unknown) => {
        if (!isSottoError(error) || !isExpected(error.code)) {
          throw new Error(`${what}, seed ${seed}: ${String(error)}`, { cause: error })
        }
      })
    }
  }

  /** Send one message, end, and take what comes until the end. */
  async function sendOne(stream: Duplex<unknown, unknown>, message: Buffer): Promise<void> {
    try {
      await stream.send(message)
      stream.end()
      for await (const _ of stream.messages);
    } finally {
      stream.cancel()
    }
  }

  /** What a stream of answers begins with. */
  async function first(messages: AsyncIterable<unknown>): Promise<void> {
    for await (const _ of messages) return
  }

  it('takes no harm from any request of Attend', async () => {
    for (const field of [Buffer.from([0x0a, 1, 7]), Buffer.from([0x08, 1]), Buffer.alloc(64, 0xff)]) {
      await attack(field, async (changed) => {
        const over = new AbortController()
        await first(raw.attend(changed as never, { ...as('alice'), signal: over.signal })).finally(() => over.abort())
      })
    }
  })

  it('takes no harm from any first message of Call and Answer', async () => {
    const id = Buffer.from(bytesOf('an id', 16))
    const call = CallRequest.encode({ message: { $case: 'attendanceId', value: id } }).finish()
    await attack(call, (changed) => sendOne(raw.call(as('alice')) as never, changed))
    const answer = AnswerRequest.encode({ message: { $case: 'callId', value: id } }).finish()
    await attack(answer, (changed) => sendOne(raw.answer(as('bob')) as never, changed))
  })

  it('ends a joined call by any later message that it cannot carry, and hands on only what it can', async () => {
    const request = CallRequest.encode({ message: { $case: 'request', value: Buffer.from('hello') } }).finish()
    const response = AnswerRequest.encode({ message: { $case: 'response', value: Buffer.from('hello') } }).finish()
    const retryDelay = { seconds: 7n, nanos: 5 }
    const value = { code: EndCode.BUSY, retryDelay }
    const end = AnswerRequest.encode({ message: { $case: 'end', value } }).finish()
    const connection = relay.connect()
    const attending = connection.call.attend({}, as('bob'))[Symbol.asyncIterator]()
    const nextId = async (): Promise<Buffer> => {
      const { value } = await attending.next()
      const event = value?.event
      return event?.$case === 'attendanceId' || event?.$case === 'callId' ? event.value : await nextId()
    }
    const attendanceId = await nextId()
    const joined = async () => {
      const caller = raw.call(as('alice')) as Duplex<{ message?: { $case: string } }, Buffer>
      await caller.send(
        Buffer.from(CallRequest.encode({ message: { $case: 'attendanceId', value: attendanceId } }).finish()),
      )
      const answerer = raw.answer(as('bob')) as Duplex<{ message?: { $case: string } }, Buffer>
      await answerer.send(
        Buffer.from(AnswerRequest.encode({ message: { $case: 'callId', value: await nextId() } }).finish()),
      )
      expect((await caller.messages.next()).value?.message?.$case).to.equal('joined')
      return { caller, answerer }
    }
    /** Any status of the one who was called may come, and is no fault. */
    const isEnd = (code: string) => LISTED.has(code) || code === 'ERR_BUSY' || code === 'ERR_HELLO_REFUSED'
    for (const [from, encoded] of [
      ['caller', request],
      ['answerer', response],
      ['answerer', end],
    ] as const) {
      await attack(
        encoded,
        async (changed) => {
          const ends = await joined()
          const [sender, other] = from === 'caller' ? [ends.caller, ends.answerer] : [ends.answerer, ends.caller]
          try {
            await sender.send(changed)
            sender.end()
            const { value } = await other.messages.next()
            const kind = value?.message?.$case
            expect([undefined, 'request', 'response', 'end']).to.include(kind)
          } finally {
            for (const each of [sender, other]) each.cancel()
          }
        },
        isEnd,
      )
    }
    connection.close()
  })

  it('takes no harm from any request of the mailbox, and does nothing to others', async () => {
    const [{ prekey }, { prekey: lastResort }] = [drawPrekey(randomFrom('prekey')), drawPrekey(randomFrom('last'))]
    const { prekeyId } = prekey
    const encode = {
      put: MailboxServiceService.putPrekeys.requestSerialize,
      take: MailboxServiceService.takePrekeys.requestSerialize,
      post: MailboxServiceService.postLetters.requestSerialize,
      collect: MailboxServiceService.collect.requestSerialize,
    }
    // Bob has a mailbox with a letter of carol's, and nothing that alice does may touch it.
    const put = { prekeys: [onWire(prekey)], lastResort: onWire(lastResort), withdrawnIds: [] }
    await raw.putPrekeys(encode.put(put) as never, as('bob'))
    const sessionId = sessions.bob.id
    const letter = Buffer.from(bytesOf('a letter', 80))
    const posted = { username: 'bob', sessionId, letter }
    await raw.postLetters(encode.post({ letters: [posted] }) as never, as('carol'))

    const own = encode.put({ ...put, lastResort: undefined, withdrawnIds: [Buffer.from(prekeyId)] })
    await attack(own, (changed) => raw.putPrekeys(changed as never, as('alice')))
    const receivers = ['bob', 'carol'].map((username) => ({ username, sessionId }))
    await attack(encode.take({ receivers }), (changed) => raw.takePrekeys(changed as never, as('alice')))
    const letters = ['bob', 'alice'].map((username) => ({ username, sessionId: Buffer.alloc(16, 7), letter }))
    await attack(encode.post({ letters }), (changed) => raw.postLetters(changed as never, as('alice')))
    const collect = encode.collect({ letterIds: [Buffer.from(bytesOf('an id', 16))] })
    await attack(collect, (changed) => sendOne(raw.collect(as('alice')) as never, changed))

    const stream = raw.collect(as('bob'))
    await stream.send(encode.collect({ letterIds: [] }) as never)
    expect((await stream.messages.next()).value?.letter?.letter).to.deep.equal(letter)
    expect((await stream.messages.next()).value?.letter).to.equal(undefined)
    stream.cancel()
  })
})

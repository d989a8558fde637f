/** Hostile bytes in each answer of a relay and a mailbox: a client takes what the contract allows, or says what is wrong. */
import { expect } from 'chai'
import { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { MailboxServiceService, PostRefusal, PrekeyRefusal } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { AnswerResponse, AttendResponse, CallResponse, RelayServiceService } from '#gen/sotto/relay/v1/relay_service.ts'
import { isSottoError } from '#lib/errors.ts'
import { drawPrekey, isPrekey } from '#lib/letter/prekey.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { INTERNAL_LIMITS } from '#lib/rpc/limits.ts'
import { type RpcServer, serve, startServer } from '#lib/rpc/server.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import { MailboxClient } from '../../clients/letters/mailbox.ts'
import type { LetterAddress } from '../../clients/letters/mailbox-results.ts'
import { RelayService } from '../../clients/peer/relay/relay-service.ts'
import { answerThroughRelay, callThroughRelay } from '../../clients/peer/relay/relayed-call.ts'
import { bytesOf, randomFrom, secretOf } from '../support/random.ts'
import { rejection } from '../support/rejection.ts'
import { onWire } from '../support/running-mailbox.ts'
import { tamperings } from '../support/tampered-message.ts'
import { testLog } from '../support/test-log.ts'

/** What a client may say of an answer: it is no message, or breaks its contract; or the call has ended. */
const SAID = new Set([
  'ERR_UNAVAILABLE',
  'ERR_INTERNAL',
  'ERR_CHANNEL_CUT',
  'ERR_CHANNEL_CLOSED',
  'ERR_INVALID_ARGUMENT',
])

const raw = { requestDeserialize: (value: Buffer) => value, responseSerialize: (value: Buffer) => value }

const bearer = secretOf('a bearer')
const ID = Buffer.from(bytesOf('an id', 16))

const [BOB, CAROL]: readonly [LetterAddress, LetterAddress] = [
  { name: 'bob', sessionId: ID },
  { name: 'carol', sessionId: ID },
]

/** What a client may make of the answer about one of several. */
const SAID_OF_ONE = new Set(['ERR_NO_MAILBOX', 'ERR_CHAT_WITH_SELF', 'ERR_BUSY', 'ERR_INTERNAL', 'ERR_UNAVAILABLE'])

describe('a client of a relay that answers with hostile bytes', function () {
  this.timeout(60_000)
  const seed = process.env['SEED'] ?? String(Date.now())
  let server: RpcServer
  let relay: Connection<typeof RelayService>
  let mailbox: MailboxClient
  /** What the relay says in each call, message by message. */
  let answers: readonly Uint8Array[] = []

  before(async () => {
    const all = () => answers.map((each) => Buffer.from(each))
    const sayAll = async (stream: Duplex<Buffer, Buffer>) => {
      await stream.messages.next()
      for (const each of all()) await stream.send(each)
    }
    const one = async () => all()[0] as Buffer
    const { attend, call, answer } = RelayServiceService
    const { putPrekeys, takePrekeys, postLetters, collect } = MailboxServiceService
    const service = {
      attend: { ...attend, ...raw },
      call: { ...call, ...raw },
      answer: { ...answer, ...raw },
      putPrekeys: { ...putPrekeys, ...raw },
      takePrekeys: { ...takePrekeys, ...raw },
      postLetters: { ...postLetters, ...raw },
      collect: { ...collect, ...raw },
    } as const
    const handlers = {
      async *attend() {
        yield* all()
      },
      call: sayAll,
      answer: sayAll,
      putPrekeys: one,
      takePrekeys: one,
      postLetters: one,
      collect: sayAll,
    }
    const { log } = testLog()
    server = await startServer({
      services: [serve(service, handlers as never)],
      ...{ host: '127.0.0.1', port: 0, security: undefined, limits: INTERNAL_LIMITS, log },
    })
    const target = { address: `127.0.0.1:${server.port}`, security: undefined }
    relay = connect(RelayService, { ...target, isForConversations: true })
    mailbox = new MailboxClient([connect(MailboxServiceService, target)], bearer)
  })
  after(async () => {
    relay.close()
    mailbox.close()
    await server.stop(0)
  })

  /** Have each change of an answer come, behind others that are as they should be. */
  async function attack(
    before: readonly Uint8Array[],
    encoded: Uint8Array,
    use: () => Promise<unknown>,
  ): Promise<void> {
    for (const { what, bytes } of tamperings(encoded, seed)) {
      answers = [...before, bytes]
      await use().catch((error: unknown) => {
        if (isSottoError(error) && SAID.has(error.code)) return
        throw new Error(`${what}, seed ${seed}: ${String(error)}`, { cause: error })
      })
    }
  }

  const joined = CallResponse.encode({ message: { $case: 'joined', value: {} } }).finish()
  const { signal } = new AbortController()

  it('attends on, or hears that it does not', async () => {
    for (const event of ['attendanceId', 'callId'] as const) {
      await attack([], AttendResponse.encode({ event: { $case: event, value: ID } }).finish(), async () => {
        for await (const { event: told } of relay.call.attend({}, { bearer })) {
          expect([undefined, 'attendanceId', 'callId', 'mail']).to.include(told?.$case)
        }
      })
    }
  })

  it('begins no conversation in a call that is not joined', async () => {
    await attack([], joined, async () => {
      const stream = await callThroughRelay(relay, ID, { bearer, signal })
      stream.cancel()
    })
  })

  it('reads a message of the conversation, or ends the call', async () => {
    const welcome = {
      kemCiphertext: Buffer.from(bytesOf('a ciphertext', 40)),
      noiseMessage: Buffer.from(bytesOf('noise', 48)),
    }
    const record = ConverseResponse.encode({ message: { $case: 'record', value: Buffer.from(bytesOf('record', 60)) } })
    const said = ConverseResponse.encode({ message: { $case: 'welcome', value: welcome } })
    for (const value of [said, record].map((each) => Buffer.from(each.finish()))) {
      await attack([joined], CallResponse.encode({ message: { $case: 'response', value } }).finish(), async () => {
        const stream = await callThroughRelay(relay, ID, { bearer, signal })
        const next = await stream.messages.next()
        stream.cancel()
        expect([undefined, 'welcome', 'record']).to.include(next.value?.message?.$case)
      })
    }
  })

  it('answers a call, or lets it go, and fails in no way', async () => {
    const value = Buffer.from(ConverseRequest.encode({ message: { $case: 'record', value: ID } }).finish())
    await attack([], AnswerResponse.encode({ message: { $case: 'request', value } }).finish(), async () => {
      await answerThroughRelay(relay, ID, { bearer, signal }, async (stream) => {
        for await (const { message } of stream.messages) {
          expect([undefined, 'hello', 'record']).to.include(message?.$case)
        }
      })
    })
  })

  it('takes no prekey and no id that breaks the contract', async () => {
    const prekey = onWire(drawPrekey(randomFrom('prekey')).prekey)
    const { takePrekeys, putPrekeys } = MailboxServiceService
    const results = [
      { result: { $case: 'prekey', value: prekey } as const },
      { result: { $case: 'refusal', value: PrekeyRefusal.NO_MAILBOX } as const },
    ]
    await attack([], takePrekeys.responseSerialize({ results }), async () => {
      const taken = await mailbox.takePrekeys([BOB, CAROL], signal)
      expect(taken).to.have.lengthOf(2)
      for (const each of taken) expect(isSottoError(each) ? SAID_OF_ONE.has(each.code) : isPrekey(each)).to.equal(true)
    })
    await attack([], putPrekeys.responseSerialize({ prekeyIds: [ID, ID], lastResortId: ID }), async () => {
      const nothing = { prekeys: [], lastResort: undefined, withdrawnIds: [] }
      const { prekeyIds, lastResortId = ID } = await mailbox.putPrekeys(nothing, signal)
      for (const id of [...prekeyIds, lastResortId]) expect(id.length).to.equal(16)
    })
  })

  it('takes for posted only what the mailbox says is', async () => {
    const refused = { reason: PostRefusal.BUSY, retryDelay: { seconds: 900n, nanos: 5 } }
    const results = [
      { result: { $case: 'posted', value: {} } as const },
      { result: { $case: 'refused', value: refused } as const },
    ]
    const letters = [BOB, CAROL].map((address) => ({ address, letter: bytesOf('a letter', 60) }))
    await attack([], MailboxServiceService.postLetters.responseSerialize({ results }), async () => {
      const said = await mailbox.postLetters(letters, signal)
      expect(said).to.have.lengthOf(2)
      for (const each of said) {
        if (each === undefined) continue
        expect(SAID_OF_ONE.has(each.code)).to.equal(true)
        expect(each.retryAfterMs ?? 0).to.be.within(0, 3_600_000)
      }
    })
  })

  it('takes no answer that has not one result for each', async () => {
    const posted = { result: { $case: 'posted', value: {} } as const }
    const none = { result: { $case: 'refusal', value: PrekeyRefusal.NO_MAILBOX } as const }
    const { takePrekeys, postLetters } = MailboxServiceService
    for (const count of [0, 1, 3]) {
      answers = [takePrekeys.responseSerialize({ results: Array(count).fill(none) })]
      expect((await rejection(mailbox.takePrekeys([BOB, CAROL], signal))).code).to.equal('ERR_UNAVAILABLE')
      answers = [postLetters.responseSerialize({ results: Array(count).fill(posted) })]
      const letters = [BOB, CAROL].map((address) => ({ address, letter: Buffer.of(1) }))
      expect((await rejection(mailbox.postLetters(letters, signal))).code).to.equal('ERR_UNAVAILABLE')
    }
  })

  it('collects what is a letter to look at, and ends', async () => {
    const letter = { letterId: ID, letter: Buffer.from(bytesOf('a letter', 60)) }
    const { collect } = MailboxServiceService
    await attack([], collect.responseSerialize({ letter }), async () => {
      for await (const { letters } of mailbox.collect(signal)) {
        for (const { bytes } of letters) expect(bytes).to.be.instanceOf(Uint8Array)
      }
    })
  })
})

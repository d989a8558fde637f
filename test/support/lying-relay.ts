/**
 * A relay that lies: it joins calls as the real one does, but does to what it carries whatever a test says.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import {
  type AnswerRequest,
  type AnswerResponse,
  type CallRequest,
  type CallResponse,
  RelayServiceService,
} from '#gen/sotto/relay/v1/relay_service.ts'
import { SottoError } from '#lib/errors.ts'
import { RELAY_LIMITS } from '#lib/rpc/limits.ts'
import { type RpcServer, serve, startServer } from '#lib/rpc/server.ts'
import type { CallContext, Duplex } from '#lib/rpc/service.ts'
import { loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import type { AuthUnderTest } from './running-auth.ts'
import { testLog } from './test-log.ts'

type CallStream = Duplex<CallRequest, CallResponse>
type AnswerStream = Duplex<AnswerRequest, AnswerResponse>

/** What becomes of one message: what is carried in its place, in order; `cut` to end the call. */
export type Carriage = readonly Buffer[] | 'cut'

export type Meddling = (
  message: Buffer,
  place: { readonly to: 'answerer' | 'caller'; readonly number: number },
) => Carriage | Promise<Carriage>

const HONEST: Meddling = (message) => [message]

interface Attendance {
  readonly id: Buffer
  readonly call: (callId: Buffer) => void
}

/** The one who is meant. */
const WANTED = (wanted: Buffer, attendances: readonly Attendance[]): Attendance | undefined =>
  attendances.find(({ id }) => id.equals(wanted))

export class LyingRelay implements AsyncDisposable {
  meddle: Meddling = HONEST
  /** Chooses who is called, of all who attend in the order in which they came. */
  choose: typeof WANTED = WANTED
  /** Answers a call in the place of whoever was called, if it is set. */
  answer: ((stream: CallStream) => Promise<void>) | undefined
  /** All that was carried. */
  readonly recorded: Buffer[] = []
  readonly #carried = Promise.withResolvers<void>()
  readonly #attendances: Attendance[] = []
  readonly #waiting = new Map<string, (stream: AnswerStream) => void>()
  #server: RpcServer | undefined

  /** Start it at a port, with the certificate of a relay. */
  static async start(auth: AuthUnderTest, port: number): Promise<LyingRelay> {
    const relay = new LyingRelay()
    const folder = auth.config.relayTlsFolder
    if (folder === undefined) throw new Error('auth has no relay')
    relay.#server = await startServer({
      services: [
        serve(RelayServiceService, {
          attend: (_request, context) => relay.#attend(context),
          call: (stream) => relay.#call(stream),
          answer: (stream) => relay.#answerCall(stream),
        }),
      ],
      host: '127.0.0.1',
      port,
      security: { certificate: (await loadLeaf(folder)).certificate },
      limits: RELAY_LIMITS,
      log: testLog().log,
    })
    return relay
  }

  /** Resolves when something was carried. */
  untilCarried(): Promise<void> {
    return this.#carried.promise
  }

  /** From now on it does nothing but what it should. */
  behave(): void {
    this.meddle = HONEST
    this.answer = undefined
    this.choose = WANTED
  }

  async *#attend({ caller, signal }: CallContext) {
    caller.admit()
    const untold: Buffer[] = []
    let wake = () => {}
    signal.addEventListener('abort', () => wake())
    const attendance: Attendance = {
      id: randomBytes(16),
      call(callId) {
        untold.push(callId)
        wake()
      },
    }
    this.#attendances.push(attendance)
    yield { event: { $case: 'attendanceId', value: attendance.id } as const }
    try {
      while (!signal.aborted) {
        const value = untold.shift()
        if (value !== undefined) yield { event: { $case: 'callId', value } as const }
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      this.#attendances.splice(this.#attendances.indexOf(attendance), 1)
    }
  }

  async #call(stream: CallStream): Promise<void> {
    const { value } = await stream.messages.next()
    if (value?.message?.$case !== 'attendanceId') throw new Error('no attendance')
    if (this.answer !== undefined) {
      await stream.send({ message: { $case: 'joined', value: {} } })
      return await this.answer(stream)
    }
    const attendance = this.choose(value.message.value, this.#attendances)
    if (attendance === undefined) throw new SottoError('ERR_NOT_ONLINE', 'nobody attends')
    const callId = randomBytes(16)
    const answered = new Promise<AnswerStream>((resolve) => this.#waiting.set(callId.toString('hex'), resolve))
    attendance.call(callId)
    const answerer = await answered
    await stream.send({ message: { $case: 'joined', value: {} } })
    const fromCaller = this.#pump(stream, 'request', async (value) =>
      answerer.send({ message: { $case: 'request', value } }),
    )
    const fromAnswerer = this.#pump(answerer, 'response', async (value) =>
      stream.send({ message: { $case: 'response', value } }),
    )
    try {
      await Promise.race([fromCaller, fromAnswerer])
    } finally {
      for (const pump of [fromCaller, fromAnswerer]) pump.catch(() => undefined)
      answerer.cancel()
    }
  }

  async #pump(
    from: Duplex<CallRequest | AnswerRequest, never>,
    field: 'request' | 'response',
    send: (value: Buffer) => Promise<void>,
  ): Promise<void> {
    const to = field === 'request' ? 'answerer' : 'caller'
    for (let number = 0; ; number += 1) {
      const { value } = await from.messages.next()
      if (value?.message?.$case !== field) return
      const message = value.message.value
      this.recorded.push(message)
      this.#carried.resolve()
      const instead = await this.meddle(message, { to, number })
      if (instead === 'cut') throw new SottoError('ERR_UNAVAILABLE', 'the relay cuts it')
      for (const each of instead) await send(each)
    }
  }

  async #answerCall(stream: AnswerStream): Promise<void> {
    const { value } = await stream.messages.next()
    const id = value?.message?.$case === 'callId' ? value.message.value.toString('hex') : ''
    this.#waiting.get(id)?.(stream)
    this.#waiting.delete(id)
    // Until the one who called has it ended.
    await new Promise(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop(0)
  }
}

/**
 * RelayService: proto/sotto/relay/v1 says what each call does and who may make it.
 *
 * @module
 */
import type {
  AnswerRequest,
  AnswerResponse,
  AttendRequest,
  AttendResponse,
  CallRequest,
  CallResponse,
  End,
} from '#gen/sotto/relay/v1/relay_service.ts'
import { SottoError } from '#lib/errors.ts'
import { ATTENDANCE_ID_BYTES } from '#lib/protocol.ts'
import type { CallContext, Duplex, Handlers } from '#lib/rpc/service.ts'
import { Violations } from '#lib/validation.ts'
import type { Authentications, Caller } from '../authentication/authentications.ts'
import type { Attendances } from './attendances.ts'
import { awaitAnswer } from './await-answer.ts'
import { type CallEnds, carry, type Side } from './joined-call.ts'
import type { Quotas } from './quotas.ts'
import { Carried, type RelayService } from './relay-service.ts'

/** How long somebody has to answer a call, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 5_000

/** Somebody who answers a call: the one who called takes it from here. */
export interface Answerer {
  readonly side: Side
  /** Tells them that the caller has ended its direction. */
  readonly endToAnswerer: () => Promise<void>
  /** Has their call end so. */
  readonly onEnd: (error: SottoError | undefined) => void
}

/** What has passed through the relay since its start. */
export interface Traffic {
  /** Calls that are joined now. */
  joined: number
  /** Bytes that were carried. */
  bytes: number
}

export interface RelayHandlersOptions {
  readonly attendances: Attendances<Answerer>
  readonly authentications: Pick<Authentications, 'authenticate' | 'confirm'>
  readonly quotas: Quotas
  /** Kept up to date. */
  readonly traffic: Traffic
  /** How often an attendance is answered, and the sessions of open calls are looked at again, in milliseconds. */
  readonly heartbeatMs: number
  /** {@link ANSWER_TIMEOUT_MS} unless set. */
  readonly answerTimeoutMs?: number
}

export function createRelayHandlers(options: RelayHandlersOptions): Handlers<typeof RelayService> {
  const { attendances, authentications, quotas, traffic, heartbeatMs } = options
  const { answerTimeoutMs = ANSWER_TIMEOUT_MS } = options

  /** Who calls; from here on they are no stranger, and stay for long. */
  async function authenticate(context: CallContext): Promise<Caller> {
    const caller = await authentications.authenticate(context)
    // Whoever has gone by now must not be there to be called.
    context.signal.throwIfAborted()
    context.caller.admit()
    context.caller.settle()
    context.noteAccount(caller.account)
    context.countFor(caller.account)
    return caller
  }

  async function* attend(_request: AttendRequest, context: CallContext): AsyncGenerator<AttendResponse> {
    const caller = await authenticate(context)
    using attendance = attendances.begin(caller)
    yield { event: { $case: 'attendanceId', value: Buffer.from(attendance.id) } }
    const over = AbortSignal.any([context.signal, caller.ended, attendance.ended])
    while (true) {
      const untilHeartbeat = AbortSignal.any([over, AbortSignal.timeout(heartbeatMs)])
      for await (const event of attendance.events(untilHeartbeat)) {
        yield { event: event === 'mail' ? MAIL : { $case: 'callId', value: Buffer.from(event) } }
      }
      over.throwIfAborted()
      await authentications.confirm(context)
      yield { event: undefined }
    }
  }

  async function call(
    stream: Duplex<CallRequest | Carried, CallResponse | Carried>,
    context: CallContext,
  ): Promise<void> {
    const first = await nextMessage(stream)
    const attendanceId = idOf(first, 'attendanceId')
    const caller = await authenticate(context)
    using share = quotas.begin(caller.account)
    const waiting = attendances.call(attendanceId, caller.account)
    const answerer = await awaitAnswer(waiting, answerTimeoutMs, AbortSignal.any([context.signal, caller.ended]))
    using session = new Confirming(context, caller)
    const side: Side = {
      next: () => nextOf(stream),
      send: (message) => stream.send(message),
      ended: session.ended,
      share,
    }
    traffic.joined += 1
    let ends: CallEnds = { caller: undefined, answerer: new SottoError('ERR_CHANNEL_CLOSED', 'the caller has gone') }
    try {
      await stream.send({ message: { $case: 'joined', value: {} } })
      ends = await carry(side, answerer.side, answerer.endToAnswerer, (bytes) => {
        traffic.bytes += bytes
      })
    } finally {
      traffic.joined -= 1
      answerer.onEnd(ends.answerer)
    }
    if (ends.caller !== undefined) throw ends.caller
  }

  async function answer(
    stream: Duplex<AnswerRequest | Carried, AnswerResponse | Carried>,
    context: CallContext,
  ): Promise<void> {
    const first = await nextMessage(stream)
    const callId = idOf(first, 'callId')
    const caller = await authenticate(context)
    using share = quotas.begin(caller.account)
    using session = new Confirming(context, caller)
    const over = Promise.withResolvers<SottoError | undefined>()
    attendances.answer(callId, caller.sessionId, {
      side: {
        next: () => nextOf(stream),
        send: (message) => stream.send(message),
        ended: session.ended,
        share,
      },
      endToAnswerer: () => stream.send({ message: { $case: 'end', value: {} } }),
      onEnd: over.resolve,
    })
    const error = await over.promise
    if (error !== undefined) throw error
  }

  /** Looks at the session of an open call again and again, until it is disposed of. */
  class Confirming implements Disposable {
    /** Fires when the call must end: its session has, or nobody is there. */
    readonly ended: AbortSignal
    readonly #timer: NodeJS.Timeout

    constructor(context: CallContext, caller: Caller) {
      const refused = new AbortController()
      this.ended = AbortSignal.any([context.signal, caller.ended, refused.signal])
      this.#timer = setInterval(() => {
        authentications.confirm(context).catch((error: unknown) => refused.abort(error))
      }, heartbeatMs)
    }

    [Symbol.dispose](): void {
      clearInterval(this.#timer)
    }
  }

  return { attend, call, answer }
}

const MAIL = { $case: 'mail', value: {} } as const

/** The next message of a stream; undefined when it has ended in order. */
async function nextMessage<Message>(stream: Pick<Duplex<Message, never>, 'messages'>): Promise<Message | undefined> {
  const { value, done } = await stream.messages.next()
  return done ? undefined : value
}

async function nextOf(
  stream: Duplex<CallRequest | AnswerRequest | Carried, never>,
): Promise<Carried | End | undefined> {
  const message = await nextMessage(stream)
  if (message === undefined || message instanceof Carried) return message
  if (message.message?.$case === 'end') return message.message.value
  throw new SottoError('ERR_INVALID_ARGUMENT', 'a message came that has no place there')
}

/** The id in the first message of a stream. @throws SottoError `ERR_INVALID_ARGUMENT` if there is none. */
function idOf(first: CallRequest | AnswerRequest | Carried | undefined, field: 'attendanceId' | 'callId'): Uint8Array {
  const message = first === undefined || first instanceof Carried ? undefined : first.message
  const id = message?.$case === field ? message.value : undefined
  const violations = new Violations()
  violations.expectBytes(
    id instanceof Uint8Array ? id : Buffer.alloc(0),
    ATTENDANCE_ID_BYTES,
    field === 'callId' ? 'call_id' : 'attendance_id',
  )
  violations.throwIfAny()
  return id as Uint8Array
}

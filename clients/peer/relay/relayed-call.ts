/**
 * A conversation through a relay, from either end: the streams are those of a direct one.
 *
 * @module
 */
import type { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { type End, EndCode } from '#gen/sotto/relay/v1/relay_service.ts'
import { asSottoError, type ErrorCode, SottoError } from '#lib/errors.ts'
import type { Connection } from '#lib/rpc/client.ts'
import { toRetryDelay } from '#lib/rpc/retry-delay.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import { WIRE_ERRORS } from '#lib/rpc/status-table.ts'
import type { Secret } from '#lib/secret.ts'
import { within } from '../record-link.ts'
import { CALLER_END, JOINED, type RelayService } from './relay-service.ts'

export type RelayConnection = Connection<typeof RelayService>

/** How long a relay may take to take the call and have it answered, in milliseconds: 5 s for that, and the way. */
const JOIN_TIMEOUT_MS = 8_000

/** How long a caller may take for its Hello once it is joined, in milliseconds: as long as over a direct call. */
const HELLO_TIMEOUT_MS = 5_000

/**
 * Call whoever attends, and wait until they have answered.
 *
 * @returns the Converse stream, of which nothing is sent yet.
 * @throws SottoError as the relay gives it; `ERR_PEER_SILENT`; the signal's reason.
 */
export async function callThroughRelay(
  { call }: RelayConnection,
  attendanceId: Uint8Array,
  { bearer, signal }: { readonly bearer: Secret; readonly signal: AbortSignal },
): Promise<Duplex<ConverseResponse, ConverseRequest>> {
  const stream = call.call({ bearer })
  const join = async () => {
    await stream.send(attendanceId)
    const { value } = await stream.messages.next()
    if (value !== JOINED) throw new SottoError('ERR_CHANNEL_CUT', 'the relay does not join the call')
  }
  try {
    await within(JOIN_TIMEOUT_MS, join(), signal)
  } catch (error) {
    stream.cancel()
    throw error
  }
  // From here on nothing else comes that is not of the conversation, or it is not taken for a record.
  return stream as unknown as Duplex<ConverseResponse, ConverseRequest>
}

/**
 * Answer a call, and serve the conversation until it is over. It never rejects: what it ends with is for the caller.
 *
 * @param converse - Serves it.
 */
export async function answerThroughRelay(
  { call }: RelayConnection,
  callId: Uint8Array,
  { bearer, signal }: { readonly bearer: Secret; readonly signal: AbortSignal },
  converse: (stream: Duplex<ConverseRequest, ConverseResponse>) => Promise<void>,
): Promise<void> {
  const stream = call.answer({ bearer, signal })
  const end = async (): Promise<End> => {
    try {
      await stream.send(callId)
      const answered = await answeredStream(stream, signal)
      if (answered === undefined) return { code: EndCode.HELLO_REFUSED, retryDelay: undefined }
      await converse(answered)
      return { code: EndCode.UNSPECIFIED, retryDelay: undefined }
    } catch (error) {
      return endFor(asSottoError(error))
    }
  }
  try {
    await stream.send({ end: await end() })
    stream.end()
    // Until the relay has passed it on, which it shows by its own end.
    await stream.messages.next()
  } catch {
    // The call is over: the relay or the caller has gone.
  }
}

type AnswerStream = ReturnType<RelayConnection['call']['answer']>

/**
 * What the one who answers sees of a call, from its first message on: the Converse stream that its own server would have.
 *
 * @returns undefined if the caller has ended it without a message.
 */
async function answeredStream(
  stream: AnswerStream,
  signal: AbortSignal,
): Promise<Duplex<ConverseRequest, ConverseResponse> | undefined> {
  const first = await within(HELLO_TIMEOUT_MS, stream.messages.next(), signal)
  if (first.done || first.value === CALLER_END) return undefined
  let hello: ConverseRequest | undefined = first.value
  let isEnded = false
  const messages: AsyncIterableIterator<ConverseRequest> = {
    async next() {
      const value = hello ?? (isEnded ? undefined : (await stream.messages.next()).value)
      hello = undefined
      isEnded = value === undefined || value === CALLER_END
      return isEnded ? { value: undefined, done: true } : { value }
    },
    [Symbol.asyncIterator]: () => messages,
  }
  return {
    messages,
    ready() {
      const message = stream.ready()
      if (message !== CALLER_END) return message
      isEnded = true
      return undefined
    },
    send: (message) => stream.send(message),
    end() {},
    cancel: () => stream.cancel(),
  }
}

const END_CODES: Partial<Record<ErrorCode, EndCode>> = {
  ERR_HELLO_REFUSED: EndCode.HELLO_REFUSED,
  ERR_BUSY: EndCode.BUSY,
}

/** The end of a call for what its server would have answered with a status. */
function endFor({ code, retryAfterMs }: SottoError): End {
  return {
    code: END_CODES[WIRE_ERRORS[code].code] ?? EndCode.CHANNEL_CLOSED,
    retryDelay: retryAfterMs === undefined ? undefined : toRetryDelay(retryAfterMs),
  }
}

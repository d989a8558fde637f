/**
 * A Converse stream as either end uses it once the handshake is over: sealed records in, sealed records out.
 *
 * @module
 */
import type { Hello, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import type { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { asBuffer } from '#lib/as-buffer.ts'
import { SottoError } from '#lib/errors.ts'
import { release } from '#lib/release.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import { scheduleRef } from '#lib/runtime/schedule.ts'

export interface RecordLink {
  /**
   * The next record; undefined when the other end has ended its direction in order.
   *
   * @throws SottoError why the stream is over; `ERR_RECORD_MALFORMED` for anything but a record.
   */
  next(): Promise<Uint8Array | undefined>
  /**
   * The next record if it is here already; undefined otherwise. Not while {@link next} is pending.
   *
   * @throws SottoError `ERR_RECORD_MALFORMED` for anything but a record.
   */
  ready(): Uint8Array | undefined
  /** Send a record, which is nobody's afterwards; resolves when the transport has taken it. @throws SottoError why the stream is over. */
  send(record: Uint8Array): Promise<void>
  /** Say that nothing more will be sent. Does nothing at the host's end, whose handler says so by returning. */
  end(): void
  /** Drop the stream at once. Does nothing at the host's end, whose handler says why by throwing. */
  cancel(): void
}

/** What both ends do alike. */
abstract class StreamLink<Incoming extends ConverseRequest | ConverseResponse, Outgoing extends object>
  implements RecordLink
{
  protected readonly stream: Duplex<Incoming, Outgoing | Sealed>
  readonly #incoming: AsyncIterator<Incoming>

  constructor(stream: Duplex<Incoming, Outgoing | Sealed>) {
    this.stream = stream
    this.#incoming = stream.messages[Symbol.asyncIterator]()
  }

  /** The first message; undefined if there is none. */
  protected async first(): Promise<Incoming['message']> {
    return (await this.#incoming.next()).value?.message
  }

  async next(): Promise<Uint8Array | undefined> {
    const { value } = await this.#incoming.next()
    return value && recordOf(value)
  }

  ready(): Uint8Array | undefined {
    const message = this.stream.ready()
    return message && recordOf(message)
  }

  async send(record: Uint8Array): Promise<void> {
    await this.stream.send({ message: { $case: 'record', value: asBuffer(record) } })
    release(record)
  }

  abstract end(): void
  abstract cancel(): void
}

/** A record as a message of either direction. */
interface Sealed {
  message: { $case: 'record'; value: Buffer }
}

/** The caller's end: one Hello out, one Welcome in, then records. */
export class CallerLink extends StreamLink<ConverseResponse, ConverseRequest> {
  /**
   * Say Hello and hear the Welcome.
   *
   * @throws SottoError why the stream is over; `ERR_HELLO_MALFORMED` if something else comes, or nothing.
   */
  async greet(hello: Hello): Promise<Welcome> {
    // A receiver that refuses ends the stream while the Hello is still on its way: the reason is in what comes in.
    const sent = this.stream.send({ message: { $case: 'hello', value: hello } })
    sent.catch(() => undefined)
    const message = await this.first()
    if (message?.$case !== 'welcome') throw notTheFirst('Welcome')
    await sent
    return message.value
  }

  end(): void {
    this.stream.end()
  }

  cancel(): void {
    this.stream.cancel()
  }
}

/** The host's end: one Hello in, one Welcome out, then records. */
export class HostLink extends StreamLink<ConverseRequest, ConverseResponse> {
  /** @throws SottoError why the stream is over; `ERR_HELLO_MALFORMED` if something else comes, or nothing. */
  async hello(): Promise<Hello> {
    const message = await this.first()
    if (message?.$case !== 'hello') throw notTheFirst('Hello')
    return message.value
  }

  welcome(welcome: Welcome): Promise<void> {
    return this.stream.send({ message: { $case: 'welcome', value: welcome } })
  }

  end(): void {}

  cancel(): void {}
}

/**
 * Await something of the other end for so long.
 *
 * @throws SottoError `ERR_PEER_SILENT` if that was not enough; what the signal was aborted with.
 */
export async function within<T>(timeoutMs: number, promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = Promise.withResolvers<never>()
  const onAbort = () => over.reject(signal.reason)
  const onSilence = () => {
    over.reject(new SottoError('ERR_PEER_SILENT', 'the other end says nothing', { hint: 'try again' }))
  }
  const timer = scheduleRef(timeoutMs, onSilence)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, over.promise])
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', onAbort)
  }
}

function recordOf({ message }: ConverseRequest | ConverseResponse): Uint8Array {
  if (message?.$case === 'record') return message.value
  throw new SottoError('ERR_RECORD_MALFORMED', 'something else than a record came')
}

function notTheFirst(expected: string): SottoError {
  return new SottoError('ERR_HELLO_MALFORMED', `the first message is no ${expected}`)
}

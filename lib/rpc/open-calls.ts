/**
 * The calls that are open on one server: each gets a request id, a signal and one line in the log, and all streams can
 * be ended together.
 *
 * It is an interceptor. What the gRPC library answers by itself passes no interceptor but goes straight to the call's own
 * `sendStatus`, so that is replaced for each call: it is the one place through which every status goes. A handler finds its
 * call again by the metadata object, the one thing that both of them are given.
 *
 * @module
 */
import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:stream'
import { type Metadata, ServerInterceptingCall, type ServerInterceptor, type ServerListener } from '@grpc/grpc-js'
import type { Code } from '#gen/google/rpc/code.ts'
import { SottoError } from '../errors.ts'
import { limitsOf } from './call-limits/limits-of-calls.ts'
import { errorOfLibrary } from './library-status.ts'
import { OpenCall, type OpenCallOptions } from './open-call.ts'
import { statusOf } from './status.ts'

export interface OpenCallsOptions extends OpenCallOptions {
  /** How many messages of a stream are read before they are asked for; as many as the library reads, 16, unless set. */
  readonly readAhead?: number | undefined
}

export class OpenCalls {
  readonly #options: OpenCallsOptions
  readonly #byMetadata = new WeakMap<Metadata, OpenCall>()
  readonly #streams = new Set<OpenCall>()

  constructor(options: OpenCallsOptions) {
    this.#options = options
  }

  /** The largest request of a method, in bytes: as large as the library lets through where calls have no limits. */
  requestBytesOf(path: string): number {
    const limits = this.#options.limiter && limitsOf(path)
    return limits?.requestBytes ?? Number.POSITIVE_INFINITY
  }

  /** The call that this metadata came with. */
  of(metadata: Metadata): OpenCall {
    const call = this.#byMetadata.get(metadata)
    if (call === undefined) throw new TypeError('a call that the interceptor has not seen')
    return call
  }

  /** End every open stream with the status for this error. Unary calls go on: they end by themselves. */
  endStreams(error: SottoError): void {
    for (const call of this.#streams) call.end(error)
  }

  /** The interceptor to install on the server. */
  readonly interceptor: ServerInterceptor = (method, native) => {
    let open: OpenCall | undefined
    const send = native.sendStatus.bind(native)
    native.sendStatus = (status) => {
      if (open?.isOver) return
      const error = errorOfLibrary(status)
      if (error === undefined) {
        open?.finish(status.code as Code)
        send(status)
      } else if (open === undefined) send(statusOf(error))
      else open.end(error)
    }
    const listener: ServerListener = {
      onReceiveMetadata: (metadata, pass) => {
        const call = new OpenCall(
          { path: method.path, isStream: method.responseStream, native, send, metadata },
          this.#options,
        )
        open = call
        if (!call.isAllowed) {
          call.end(new SottoError('ERR_CALLER_UNTRUSTED', 'the certificate of the caller may not call this service'))
          return
        }
        if (call.isOver) return
        this.#byMetadata.set(metadata, call)
        if (method.responseStream) {
          this.#streams.add(call)
          call.context.signal.addEventListener('abort', () => this.#streams.delete(call), { once: true })
        }
        withReadAhead(this.#options.readAhead, () => pass(metadata))
      },
      onReceiveMessage: (message, pass) => {
        if (method.requestStream) open?.requestArrived()
        pass(message)
      },
      onReceiveHalfClose: (pass) => {
        open?.requestArrived()
        pass()
      },
      onCancel: () => open?.closed(),
    }
    return new ServerInterceptingCall(native, {
      start: (next) => next(listener),
      sendMessage: (message, pass) => {
        if (!open?.isOver) pass(message)
      },
    })
  }
}

/**
 * Begin a call whose stream reads so many messages ahead. The library makes the stream while the metadata is passed on, and
 * takes Node.js's default, so that is another meanwhile.
 */
function withReadAhead(readAhead: number | undefined, begin: () => void): void {
  if (readAhead === undefined) {
    begin()
    return
  }
  const usual = getDefaultHighWaterMark(true)
  setDefaultHighWaterMark(true, readAhead)
  try {
    begin()
  } finally {
    setDefaultHighWaterMark(true, usual)
  }
}

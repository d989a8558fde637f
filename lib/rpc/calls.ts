/**
 * Calls of the gRPC library as async functions, one for each kind of method.
 *
 * @module
 */
import type { Duplex as NodeDuplex } from 'node:stream'
import type { Metadata, CallOptions as NativeOptions, ServiceError } from '@grpc/grpc-js'
import { Code } from '#gen/google/rpc/code.ts'
import { asSottoError, isSottoError, SottoError } from '../errors.ts'
import { spanOfMade } from '../runtime/tracing/spans.ts'
import { metadataOf, newRequestId, setTraceparent } from './call-metadata.ts'
import { createDuplex, readMessages } from './duplex.ts'
import { inTwoAttempts, type Renewable, streamInTwoAttempts } from './second-attempt.ts'
import { type CallOptions, DEFAULT_DEADLINE_MS, type Duplex, type Method } from './service.ts'
import type { NativeChannel } from './sockets/native-channel.ts'
import { errorOf, type Link } from './status.ts'
import { statusName, WIRE_ERRORS } from './status-table.ts'

/** The target of calls. */
export interface CallSite extends Renewable {
  readonly link: Omit<Link, 'path' | 'requestId'>
}

export function callUnary(site: CallSite, method: Method) {
  return async (request: unknown, options: CallOptions = {}): Promise<unknown> => {
    // Each by itself: a signal made of the two costs as much as the rest of all this.
    const givens = options.signal ? [options.signal, site.closed] : [site.closed]
    for (const given of givens) throwIfGivenUp(given)
    const { metadata, link } = prepare(site, method, options)
    const native = nativeOptions({ deadlineMs: DEFAULT_DEADLINE_MS, ...options })
    const ask = (channel: NativeChannel) =>
      new Promise((resolve, reject) => {
        const call = channel.own((client) =>
          client.makeUnaryRequest(
            method.path,
            method.requestSerialize,
            method.responseDeserialize,
            request,
            metadata,
            native,
            (error, response) => {
              for (const given of givens) given.removeEventListener('abort', onAbort)
              const givenUp = error && givens.find(({ aborted }) => aborted)
              if (error) reject(givenUp ? reasonOf(givenUp) : errorOf(error, link))
              else resolve(response)
            },
          ),
        )
        const onAbort = () => giveUp(call)
        for (const given of givens) given.addEventListener('abort', onAbort, { once: true })
      })
    return await traced(link, metadata, () => inTwoAttempts(site, ask))
  }
}

/** Make a call, with a span of its own where there are traces. No peer is told of any: nobody else's trace is theirs. */
async function traced<T>(
  { path, requestId = '', isTrusted }: Link,
  metadata: Metadata,
  make: () => Promise<T>,
): Promise<T> {
  const span = isTrusted ? spanOfMade(path, requestId) : undefined
  if (span === undefined) return await make()
  setTraceparent(metadata, span.traceparent)
  try {
    const answer = await make()
    span.end({ status: statusName(Code.OK) })
    return answer
  } catch (error) {
    const { code } = asSottoError(error)
    span.end({ status: statusName(WIRE_ERRORS[code].status), code })
    throw error
  }
}

/** The call begins when the first message is asked for. */
export function callServerStream(site: CallSite, method: Method) {
  return async function* (request: unknown, options: CallOptions = {}): AsyncGenerator<unknown, void, void> {
    const given = signalOf(site, options)
    throwIfGivenUp(given)
    const { metadata, link } = prepare(site, method, options)
    const native = nativeOptions(options)
    const ask = (channel: NativeChannel) => {
      const call = channel.own((client) =>
        client.makeServerStreamRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadata,
          native,
        ),
      )
      const { signal, cancel } = watchOver(call, given, () => link)
      return readMessages({ stream: call, signal, cancel, check: (message) => message })
    }
    yield* streamInTwoAttempts(site, ask)
  }
}

/** It is not begun again by itself where it breaks: what was sent over it is its caller's. */
export function callDuplex(site: CallSite, method: Method) {
  return (options: CallOptions = {}): Duplex<unknown, unknown> => {
    const given = signalOf(site, options)
    throwIfGivenUp(given)
    const { metadata, link } = prepare(site, method, options)
    const call = site.channel.own((client) =>
      client.makeBidiStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        metadata,
        nativeOptions(options),
      ),
    )
    let isTalking = false
    call.once('metadata', () => {
      isTalking = true
    })
    const { signal, cancel } = watchOver(call, given, () => ({ ...link, isTalking }))
    // The library's type lacks an optional property that the class has.
    return createDuplex({ stream: call as unknown as NodeDuplex, signal, cancel, check: (message) => message })
  }
}

interface NativeStream {
  cancel(): void
  on(event: 'error', listener: (error: ServiceError) => void): unknown
  on(event: 'status', listener: () => void): unknown
}

/** A signal that is aborted, with the reason, when the stream is over for another reason than an orderly end. */
function watchOver(call: NativeStream, given: AbortSignal, linkNow: () => Link) {
  const over = new AbortController()
  const onGivenUp = () => {
    over.abort(reasonOf(given))
    giveUp(call)
  }
  given.addEventListener('abort', onGivenUp, { once: true })
  call.on('error', (error) => over.abort(errorOf(error, linkNow())))
  call.on('status', () => given.removeEventListener('abort', onGivenUp))
  const cancel = () => {
    over.abort(new SottoError('ERR_CHANNEL_CLOSED', 'this end has dropped the stream'))
    giveUp(call)
  }
  return { signal: over.signal, cancel }
}

/**
 * Cancel a call, at both ends. The library sends a call some microtasks after it began; one that was cancelled in
 * between is ended at this end and sent all the same, and would stay open at the other (resolving-call.js of 1.14.7).
 */
function giveUp(call: { cancel(): void }): void {
  call.cancel()
  setImmediate(() => call.cancel())
}

/** The signal on which a call gives up: the caller's own, or the end of the connection. */
function signalOf(site: CallSite, { signal }: CallOptions): AbortSignal {
  return signal ? AbortSignal.any([signal, site.closed]) : site.closed
}

function throwIfGivenUp(given: AbortSignal): void {
  if (given.aborted) throw reasonOf(given)
}

/** The error for a signal that is aborted. */
export function reasonOf(given: AbortSignal): SottoError {
  if (isSottoError(given.reason)) return given.reason
  return new SottoError('ERR_INTERRUPTED', 'the call was given up', { cause: given.reason })
}

/** Prepare a call: its metadata, and what its errors say of it. */
function prepare(
  { link }: CallSite,
  { path }: Method,
  { bearer, requestId = newRequestId() }: CallOptions,
): { metadata: Metadata; link: Link } {
  return { metadata: metadataOf(requestId, bearer), link: { ...link, path, requestId } }
}

function nativeOptions({ deadlineMs }: CallOptions): NativeOptions {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
}

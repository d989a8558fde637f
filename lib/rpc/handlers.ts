/**
 * Plain async functions as handlers of the gRPC library.
 *
 * @module
 */
import type { Duplex as NodeDuplex } from 'node:stream'
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { SottoError } from '../errors.ts'
import { createDuplex, write } from './duplex.ts'
import type { OpenCalls } from './open-calls.ts'
import type { CallContext, Duplex, Handlers, Method, Service } from './service.ts'

/** Stands for bytes that are no message of the expected type. */
const MALFORMED = Symbol('malformed')

/** Stands for a message that is larger than its call may have. */
const TOO_LARGE = Symbol('too large')

type AnyHandler = (input: never, context: CallContext) => unknown

/** The definition and implementation for `Server.addService`. */
export function adapt(
  service: Service,
  handlers: Handlers<Service>,
  calls: OpenCalls,
): { definition: ServiceDefinition; implementation: UntypedServiceImplementation } {
  const definition: Record<string, Method> = {}
  const implementation: Record<string, UntypedHandleCall> = {}
  for (const [name, method] of Object.entries(service)) {
    definition[name] = { ...method, requestDeserialize: decodeOrMark(method, calls.requestBytesOf(method.path)) }
    implementation[name] = adaptMethod(method, handlers[name] as unknown as AnyHandler, calls)
  }
  return { definition, implementation }
}

/**
 * Decode a request, or mark it: a failure to decode would become INTERNAL inside the library, as if it were a fault of
 * the server's.
 *
 * @param mostBytes - The largest that the call may have. The library has let through what is no larger than any call's.
 */
function decodeOrMark(method: Method, mostBytes: number): Method['requestDeserialize'] {
  return (bytes) => {
    if (bytes.length > mostBytes) return TOO_LARGE
    try {
      return method.requestDeserialize(bytes)
    } catch {
      return MALFORMED
    }
  }
}

function checkDecoded<T>(decoded: T): T {
  if (decoded === MALFORMED) throw new SottoError('ERR_INVALID_ARGUMENT', 'the request is no message of its type')
  if (decoded === TOO_LARGE) throw new SottoError('ERR_REQUEST_TOO_LARGE', 'the request is larger than the call may be')
  return decoded
}

function adaptMethod(method: Method, handler: AnyHandler, calls: OpenCalls): UntypedHandleCall {
  if (method.requestStream) {
    return adaptDuplex(handler as (stream: Duplex<unknown, unknown>, context: CallContext) => Promise<void>, calls)
  }
  return method.responseStream
    ? adaptServerStream(handler as (request: unknown, context: CallContext) => AsyncIterable<unknown>, calls)
    : adaptUnary(handler as (request: unknown, context: CallContext) => Promise<unknown>, calls)
}

function adaptUnary(
  handler: (request: unknown, context: CallContext) => Promise<unknown>,
  calls: OpenCalls,
): handleUnaryCall<unknown, unknown> {
  return async (call, respond) => {
    const open = calls.of(call.metadata)
    try {
      respond(null, await handler(checkDecoded(call.request), open.context))
    } catch (thrown) {
      respond(open.fail(thrown))
    }
  }
}

function adaptServerStream(
  handler: (request: unknown, context: CallContext) => AsyncIterable<unknown>,
  calls: OpenCalls,
): handleServerStreamingCall<unknown, unknown> {
  return async (call) => {
    const open = calls.of(call.metadata)
    open.taken()
    try {
      for await (const response of handler(checkDecoded(call.request), open.context)) {
        await write(call, response, open.context.signal)
      }
      call.end()
    } catch (thrown) {
      call.emit('error', open.fail(thrown))
    }
  }
}

function adaptDuplex(
  handler: (stream: Duplex<unknown, unknown>, context: CallContext) => Promise<void>,
  calls: OpenCalls,
): handleBidiStreamingCall<unknown, unknown> {
  return async (call) => {
    const open = calls.of(call.metadata)
    const stream = createDuplex<unknown, unknown>({
      // The library's type lacks an optional property that the class has.
      stream: call as unknown as NodeDuplex,
      signal: open.context.signal,
      cancel: () => open.end(new SottoError('ERR_CHANNEL_CLOSED', 'the stream was dropped')),
      check: (decoded) => {
        open.taken()
        return checkDecoded(decoded)
      },
    })
    try {
      await handler(stream, open.context)
      call.end()
    } catch (thrown) {
      // Not as the library has it: where a message is still on its way, it would forget the status.
      open.endWith(thrown)
    }
  }
}

/**
 * The statuses that the gRPC library makes by itself, before, beside or behind a handler, as errors of ours: so that they
 * carry a reason as all others do, and say no more than those.
 *
 * @module
 */
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { Code } from '#gen/google/rpc/code.ts'
import { SottoError } from '../errors.ts'
import { DETAILS_TRAILER } from './status.ts'

type LibraryStatus = Partial<Parameters<ServerInterceptingCallInterface['sendStatus']>[0]>

/**
 * What the library says where the caller is at fault, though it calls it INTERNAL, or UNIMPLEMENTED
 * (server-interceptors.js and server.js of 1.14.7).
 */
const FAULTS_OF_THE_CALLER = [
  [/^Failed to decompress message$/, 'the request does not unpack'],
  [/^Error deserializing request$/, 'the request is no message of its type'],
  [/^Invalid grpc-timeout/, 'the deadline cannot be read'],
  [/^Received no request message for/, 'the request has no message'],
  [/^Received a second request message for/, 'the request has more than one message'],
] as const

/** @returns undefined for a status that is OK, or that carries a reason already. */
export function errorOfLibrary({ code, details = '', metadata }: LibraryStatus): SottoError | undefined {
  if (code === Code.OK || metadata?.get(DETAILS_TRAILER).length) return undefined
  const [, fault] = FAULTS_OF_THE_CALLER.find(([pattern]) => pattern.test(details)) ?? []
  if (fault !== undefined) return new SottoError('ERR_INVALID_ARGUMENT', fault)
  switch (code) {
    case Code.RESOURCE_EXHAUSTED:
      return new SottoError('ERR_REQUEST_TOO_LARGE', 'the request is larger than the call may be')
    case Code.UNIMPLEMENTED:
      return new SottoError('ERR_UNIMPLEMENTED', 'the server does not have what the call asks for')
    case Code.DEADLINE_EXCEEDED:
      return new SottoError('ERR_DEADLINE_EXCEEDED', 'the deadline of the caller has passed')
    case Code.NOT_FOUND:
      return new SottoError('ERR_NO_SUCH_SERVICE', 'the server has nothing of that name or number')
    default:
      return new SottoError('ERR_INTERNAL', 'the gRPC library ended a call', { cause: details })
  }
}

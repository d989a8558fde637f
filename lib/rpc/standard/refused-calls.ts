/**
 * Calls that reach no service: those of a method that the server does not have, and those with too much metadata.
 *
 * The gRPC library would answer the first by itself, before anything of ours hears of the call, and without a reason. So
 * such a call is given another path when it comes, that of a service which refuses it: it is then counted, logged and
 * limited as every call is.
 *
 * @module
 */
import { SottoError } from '../../errors.ts'
import { type ServedService, serve, undecodedMethod } from '../served-service.ts'

/**
 * The most metadata of a call, in bytes: what gRPC recommends (https://grpc.io/docs/guides/metadata/). From 64 KiB on, and
 * from 128 entries, Node.js resets the stream before anybody hears of it.
 */
export const MAX_METADATA_BYTES = 8 * 1024

const UNKNOWN_METHOD = '/sotto.Refused/UnknownMethod'
const TOO_MUCH_METADATA = '/sotto.Refused/TooMuchMetadata'

/** The service that refuses such calls, whatever is sent. It has no contract, and reflection does not list it. */
export const refusedCalls: ServedService = serve(
  {
    unknownMethod: undecodedMethod(UNKNOWN_METHOD, true),
    tooMuchMetadata: undecodedMethod(TOO_MUCH_METADATA, true),
  },
  {
    unknownMethod() {
      throw new SottoError('ERR_UNIMPLEMENTED', 'the server has no such call')
    },
    tooMuchMetadata() {
      throw new SottoError('ERR_REQUEST_TOO_LARGE', `the metadata of a call is at most ${MAX_METADATA_BYTES} bytes`)
    },
  },
)

/** The path under which a call is served. */
export type Route = (path: string | undefined, rawHeaders: readonly string[]) => string | undefined

/** @param paths - Those that the server has. */
export function routeAmong(paths: ReadonlySet<string>): Route {
  return (path, rawHeaders) => {
    if (path === undefined || !paths.has(path)) return UNKNOWN_METHOD
    let bytes = 0
    for (const each of rawHeaders) bytes += each.length
    return bytes > MAX_METADATA_BYTES ? TOO_MUCH_METADATA : path
  }
}

/**
 * A service together with what serves it, as a server takes it.
 *
 * @module
 */
import type { Server } from '@grpc/grpc-js'
import { SottoError } from '../errors.ts'
import { adapt } from './handlers.ts'
import type { OpenCalls } from './open-calls.ts'
import type { Handlers, Method, Service } from './service.ts'

export interface ServedService {
  /** `sotto.auth.v1.AuthService`. */
  readonly name: string
  /** Of its methods, as on the wire. */
  readonly paths: readonly string[]
  readonly install: (server: Server, calls: OpenCalls) => void
}

/** Put a service and its handlers together. */
export function serve<S extends Service>(service: S, handlers: Handlers<S>): ServedService {
  return {
    ...namesOf(service),
    install(server, calls) {
      // Each handler fits its own method; over a table of methods that can no longer be said.
      const { definition, implementation } = adapt(service, handlers as unknown as Handlers<Service>, calls)
      server.addService(definition, implementation)
    },
  }
}

/**
 * A method of which every message is its bytes.
 *
 * @param path - As on the wire.
 * @param streams - Whether it has streams both ways, or is unary.
 */
export function undecodedMethod<Streams extends boolean>(path: string, streams: Streams) {
  const same = (bytes: Buffer) => bytes
  return {
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
}

/**
 * Decode a request that came as its bytes.
 *
 * @throws SottoError `ERR_INVALID_ARGUMENT` if it is no message of its type.
 */
export function decodeRequest<Request>(method: Method<Request>, bytes: Buffer): Request {
  try {
    return method.requestDeserialize(bytes)
  } catch (cause) {
    throw new SottoError('ERR_INVALID_ARGUMENT', 'the request is no message of its type', { cause })
  }
}

/** The full name of a service, from the path of its methods: `/sotto.auth.v1.AuthService/Login`. */
function namesOf(service: Service): Pick<ServedService, 'name' | 'paths'> {
  const paths = Object.values(service).map(({ path }) => path)
  const [, name] = paths[0]?.split('/') ?? []
  if (name === undefined) throw new TypeError('a service without methods')
  return { name, paths }
}

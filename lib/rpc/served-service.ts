/**
 * A service together with what serves it, as a server takes it.
 *
 * @module
 */
import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { adapt } from './handlers.ts'
import type { OpenCalls } from './open-calls.ts'
import type { Handlers, Service } from './service.ts'

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

/** A service whose handlers are made for the gRPC library already: those that come with it. */
export function serveNative(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): ServedService {
  return {
    ...namesOf(definition),
    install: (server) => server.addService(definition, implementation),
  }
}

/** A method with streams both ways, of which every message is its bytes. @param path - As on the wire. */
export function undecodedMethod(path: string): Service[string] {
  const same = (bytes: Buffer) => bytes
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
}

/** The full name of a service, from the path of its methods: `/sotto.auth.v1.AuthService/Login`. */
function namesOf(service: Readonly<Record<string, { readonly path: string }>>): Pick<ServedService, 'name' | 'paths'> {
  const paths = Object.values(service).map(({ path }) => path)
  const [, name] = paths[0]?.split('/') ?? []
  if (name === undefined) throw new TypeError('a service without methods')
  return { name, paths }
}

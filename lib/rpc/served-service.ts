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
  readonly install: (server: Server, calls: OpenCalls) => void
}

/** Put a service and its handlers together. */
export function serve<S extends Service>(service: S, handlers: Handlers<S>): ServedService {
  return {
    name: fullNameOf(service),
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
    name: fullNameOf(definition),
    install: (server) => server.addService(definition, implementation),
  }
}

/** The full name of a service, from the path of its methods: `/sotto.auth.v1.AuthService/Login`. */
function fullNameOf(service: Readonly<Record<string, { readonly path: string }>>): string {
  const [method] = Object.values(service)
  const [, name] = method?.path.split('/') ?? []
  if (name === undefined) throw new TypeError('a service without methods')
  return name
}

import type { Logger } from '../runtime/log.ts'
import type { CertificateChain } from '../runtime/tls.ts'
import type { ServerLimits } from './limits.ts'
import type { Handlers, Service } from './service.ts'

/** A service and what serves it; {@link serve} makes it. */
export interface ServedService {
  readonly service: Service
  readonly handlers: Handlers<Service>
}

export function serve<S extends Service>(service: S, handlers: Handlers<S>): ServedService {
  return { service, handlers: handlers as unknown as Handlers<Service> }
}

export interface ServerSecurity {
  /** The server's own certificate with the authority's behind it, and its key. */
  readonly certificate: CertificateChain
  /** Mutual TLS: only a client whose certificate has this role, by this authority, is let in. */
  readonly onlyClient?: { readonly role: string; readonly authorityPem: string }
}

export interface ServerOptions {
  readonly services: readonly ServedService[]
  /** An IP literal to bind, `::` for all. */
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** TLS 1.3; `undefined` is plain HTTP/2, for peers, whose security is inside. */
  readonly security: ServerSecurity | undefined
  readonly limits: ServerLimits
  readonly log: Logger
  /** Serve grpc.reflection v1 and v1alpha beside the services; off unless set. */
  readonly reflection?: boolean
  /** Serve grpc.health.v1 beside the services; off unless set. */
  readonly health?: boolean
}

export interface RpcServer {
  /** Where it listens; the port is the real one. */
  readonly host: string
  readonly port: number
  /** Tell health checkers whether all is well; a server starts as serving. */
  setServing(serving: boolean): void
  /** Stop in order; open streams end with UNAVAILABLE. Resolves when all sockets are closed, after `graceMs` at the latest. */
  stop(graceMs?: number): Promise<void>
}

export async function startServer(_options: ServerOptions): Promise<RpcServer> {
  throw new TypeError('filled in next')
}

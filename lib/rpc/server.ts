/**
 * A gRPC server as we run it: TLS 1.3 or plain HTTP/2, bounded in every direction, observable, and stopped in order.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { SottoError } from '../errors.ts'
import { formatAddress } from '../runtime/address.ts'
import type { Logger } from '../runtime/log.ts'
import type { Ranges } from '../runtime/network/ranges.ts'
import type { CertificateChain, Role } from '../runtime/tls.ts'
import { CallLimiter } from './call-limits/call-limiter.ts'
import type { ServerLimits } from './limits.ts'
import { OpenCalls } from './open-calls.ts'
import type { ServedService } from './served-service.ts'
import { Callers } from './sockets/callers.ts'
import { createInjector, type Injector } from './sockets/injector.ts'
import { type Listener, listen } from './sockets/listener.ts'
import { createHealth } from './standard/health.ts'
import { createReflection } from './standard/reflection.ts'
import { refusedCalls, routeAmong } from './standard/refused-calls.ts'

export { type ServedService, serve } from './served-service.ts'

export interface ServerSecurity {
  /** The server's own certificate with the authority's behind it, and its key. */
  readonly certificate: CertificateChain
  /** Mutual TLS: only a client whose certificate has one of these roles, by one of these authorities, is let in. */
  readonly onlyClient?: { readonly roles: readonly Role[]; readonly authoritiesPem: string }
}

/** A second port, for those alone who pass on what others call (sockets/proxied-sockets.ts). */
export interface ProxiedListen {
  /** An IP literal to bind. */
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Who may connect, and is believed on whose behalf. */
  readonly from: Ranges
}

export interface ServerOptions {
  readonly services: readonly ServedService[]
  /** An IP literal to bind, `::` for all; or the absolute path of a Unix socket, which this user alone can open then. */
  readonly host: string
  /** 0 for any free port, and for a Unix socket. */
  readonly port: number
  /** None unless set. */
  readonly proxied?: ProxiedListen | undefined
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
  /** The host as it was given. */
  readonly host: string
  /** The real one; 0 of a Unix socket. */
  readonly port: number
  /** The address of {@link ProxiedListen}, HOST:PORT; undefined where there is none. */
  readonly proxiedAddress: string | undefined
  /** Whether health checkers are told that all is well. */
  readonly isServing: boolean
  /** Tell health checkers whether all is well. A server starts as serving. */
  setServing(serving: boolean): void
  /** Show another certificate to those who connect from now on. Connections that are open go on. */
  setCertificate(security: ServerSecurity): void
  /**
   * Stop in order: say so to health checkers, take no more connections, end open streams with UNAVAILABLE, let unary
   * calls finish. Resolves when every socket is closed, by force after `graceMs`.
   *
   * @param graceMs - {@link STOP_GRACE_MS} unless set.
   */
  stop(graceMs?: number): Promise<void>
}

/** How long a stopping server waits for calls to finish, in milliseconds: well within the 10 s of `docker stop`. */
export const STOP_GRACE_MS = 3_000

/** How long the other end has to answer the question whether it is alive, in milliseconds. */
const KEEPALIVE_TIMEOUT_MS = 10_000

/**
 * Start a server.
 *
 * @throws SottoError `ERR_CONFIG` if the address cannot be bound.
 */
export async function startServer(options: ServerOptions): Promise<RpcServer> {
  const { limits, log, security } = options
  const callers = new Callers(limits, log)
  const calls = new OpenCalls({
    log,
    callers,
    onlyRoles: security?.onlyClient?.roles,
    firstMessageTimeoutMs: limits.firstMessageTimeoutMs,
    limiter: limits.calls && new CallLimiter(limits.calls),
    readAhead: limits.readAhead,
  })
  const server = new Server({
    interceptors: [calls.interceptor],
    'grpc.max_receive_message_length': limits.maxReceiveBytes,
    'grpc.max_concurrent_streams': limits.maxStreamsPerConnection,
    'grpc-node.max_session_memory': limits.maxSessionMegabytes,
    'grpc.max_connection_idle_ms': limits.idleTimeoutMs,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  })
  const health = options.health ? createHealth(options.services.map(({ name }) => name)) : undefined
  const open = health ? [...options.services, health.served] : options.services
  const reflection = options.reflection ? createReflection(open.map(({ name }) => name)) : []
  const installed = [...open, ...reflection, refusedCalls]
  for (const each of installed) each.install(server, calls)

  const route = routeAmong(new Set(installed.flatMap(({ paths }) => paths)))
  const injector = createInjector(server, credentialsOf(security), { limits, callers, log, route })
  const common = { callers, log, accept: injector.inject }
  const listeners: Listener[] = []
  try {
    const { host, port, proxied } = options
    listeners.push(await listen({ ...common, host, port }))
    if (proxied !== undefined) listeners.push(await listen({ ...common, ...proxied, proxies: proxied.from }))
  } catch (error) {
    server.forceShutdown()
    for (const listener of listeners) await listener.destroy()
    throw error
  }
  const [listener, proxied] = listeners as [Listener, Listener?]

  let stopped: Promise<void> | undefined
  const stop = async (graceMs: number) => {
    health?.setServing(false)
    for (const each of listeners) each.close()
    callers.close()
    // Watchers hear of it in the promises that follow, and then their streams end.
    await setImmediate()
    calls.endStreams(new SottoError('ERR_UNAVAILABLE', 'the server is stopping', { retryAfterMs: 1_000 }))
    await finishWithin(graceMs, server, injector)
    server.forceShutdown()
    await Promise.all(listeners.map((each) => each.destroy()))
  }
  return {
    host: listener.host,
    port: listener.port,
    proxiedAddress: proxied && formatAddress(proxied),
    get isServing() {
      return health?.isServing ?? true
    },
    setServing: (serving) => health?.setServing(serving),
    setCertificate: (next) => injector.setSecureContext(contextOf(next)),
    stop: (graceMs = STOP_GRACE_MS) => (stopped ??= stop(graceMs)),
  }
}

/**
 * Lets the calls that are open end. The callback of `tryShutdown` is of no use: it waits for ever if a caller holds on,
 * and not at all if Node.js 24 or later has begun to close the sessions before the library does.
 */
async function finishWithin(graceMs: number, server: Server, injector: Injector): Promise<void> {
  const { promise: isTimeUp, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, graceMs)
  server.tryShutdown(() => {})
  await Promise.race([injector.sessionsClosed(), isTimeUp])
  clearTimeout(timer)
}

function credentialsOf(security: ServerSecurity | undefined): ServerCredentials {
  if (security === undefined) return ServerCredentials.createInsecure()
  const { ca, cert, key } = contextOf(security)
  return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], security.onlyClient !== undefined)
}

function contextOf({ certificate, onlyClient }: ServerSecurity) {
  return {
    // With no authority named, the library would trust the public ones; ours alone decides who is a client.
    ca: Buffer.from(onlyClient?.authoritiesPem ?? certificate.certificatesPem),
    cert: Buffer.from(certificate.certificatesPem),
    key: Buffer.from(certificate.keyPem),
  }
}

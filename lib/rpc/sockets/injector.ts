/**
 * The HTTP/2 side of a server, with the settings that the gRPC library has no option for.
 *
 * The library makes its HTTP/2 server by `http2.createServer` or `createSecureServer` and keeps it to itself. For the
 * one synchronous call in which it does so these two are wrapped, and what they return is set up here: TLS 1.3 alone,
 * receive windows (https://github.com/grpc/grpc-node/issues/3058), and an end to connections on which nothing happens,
 * which the library keeps for ever.
 *
 * @module
 */
import http2 from 'node:http2'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import type { Server, ServerCredentials } from '@grpc/grpc-js'
import type { Logger } from '../../runtime/log.ts'
import type { ServerLimits } from '../limits.ts'
import type { Route } from '../standard/refused-calls.ts'
import type { Callers } from './callers.ts'
import { EarnedWindows } from './earned-windows.ts'
import { guardSession } from './guard/session-guard.ts'

/** The functions of node:http2 as a CommonJS module has them: properties that can be set. */
interface Http2Factories {
  createServer(options?: http2.ServerOptions): http2.Http2Server
  createSecureServer(options?: http2.SecureServerOptions): http2.Http2SecureServer
}

/** As `lingerMs`, for a stranger, in milliseconds: what was sent of a request is held until then. */
const STRANGER_LINGER_MS = 10

const TLS_VERSION = { minVersion: 'TLSv1.3' } as const

export interface Injector {
  /** Serve on a connected socket. */
  readonly inject: (socket: Duplex) => void
  /** Have new connections see another certificate. @throws TypeError if the server is one without TLS. */
  readonly setSecureContext: (context: SecureContextOptions) => void
  /** Resolves when every HTTP/2 session is over. */
  readonly sessionsClosed: () => Promise<void>
}

export interface InjectorOptions {
  readonly limits: ServerLimits
  /** Who calls over which connection. */
  readonly callers: Callers
  readonly log: Logger
  /** Under which path a call is served, whatever path it came with. */
  readonly route: Route
}

/** Make the library serve HTTP/2 over whatever sockets it is then handed. */
export function createInjector(
  server: Server,
  credentials: ServerCredentials,
  { limits, callers, log, route }: InjectorOptions,
): Injector {
  const windows = limits.earnedWindow && new EarnedWindows(limits.earnedWindow)
  const admitted = new WeakSet<http2.Http2Session>()
  const onSession = (session: http2.ServerHttp2Session) => {
    const caller = callers.at(session.socket)
    if (caller === undefined) return
    guardSession(session, caller.guard, limits)
    caller.onAdmitted = () => {
      admitted.add(session)
      if (session.destroyed || session.closed) return
      if (limits.strangers?.streamsPerConnection !== undefined)
        session.settings({ maxConcurrentStreams: limits.maxStreamsPerConnection })
      windows?.widen(session)
    }
  }
  const sessions = new Set<http2.ServerHttp2Session>()
  let setSecureContext: Injector['setSecureContext'] = () => {
    throw new TypeError('a server without TLS has no certificate')
  }
  const factories: Http2Factories = http2
  const { createServer, createSecureServer } = factories
  const settings = (given?: http2.ServerOptions): http2.ServerOptions => ({
    ...given,
    settings: {
      ...given?.settings,
      initialWindowSize: limits.receiveWindowBytes,
      maxConcurrentStreams: limits.strangers?.streamsPerConnection ?? limits.maxStreamsPerConnection,
    },
    unknownProtocolTimeout: limits.firstCallTimeoutMs,
  })
  factories.createServer = (given) =>
    guardSessions(createServer(settings(given)), {
      limits,
      route,
      sessions,
      isAdmitted: (session) => admitted.has(session),
    }).on('session', onSession)
  factories.createSecureServer = (given) => {
    const secure = createSecureServer({
      ...given,
      ...settings(given),
      ...TLS_VERSION,
      // The guard's is half of it, and is counted.
      handshakeTimeout: 2 * limits.firstCallTimeoutMs,
    })
    secure.on('tlsClientError', (error, socket) =>
      log.debug({ peer: callers.at(socket)?.address, err: error }, 'no TLS'),
    )
    setSecureContext = (context) => secure.setSecureContext({ ...context, ...TLS_VERSION })
    return guardSessions(secure, { limits, route, sessions, isAdmitted: (session) => admitted.has(session) }).on(
      'session',
      onSession,
    )
  }
  try {
    const injector = server.createConnectionInjector(credentials)
    return {
      inject: (socket) => injector.injectConnection(socket),
      setSecureContext,
      async sessionsClosed() {
        await Promise.all(
          [...sessions].map((session) => new Promise<void>((resolve) => session.once('close', resolve))),
        )
      },
    }
  } finally {
    Object.assign(factories, { createServer, createSecureServer })
  }
}

interface SessionOptions extends Pick<InjectorOptions, 'limits' | 'route'> {
  /** Those that are open. */
  readonly sessions: Set<http2.ServerHttp2Session>
  /** Whether somebody was let in over a session. */
  readonly isAdmitted: (session: http2.Http2Session) => boolean
}

function guardSessions<S extends http2.Http2Server | http2.Http2SecureServer>(
  server: S,
  { limits, route, sessions, isAdmitted }: SessionOptions,
): S {
  server.on('session', (session: http2.ServerHttp2Session) => {
    sessions.add(session)
    session.setLocalWindowSize(limits.receiveWindowBytes)
    session.once('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, _flags, raw: string[]) => {
    // The library's own listener comes after this one, and finds what is set here.
    headers[':path'] = route(headers[':path'], raw)
    stream.once('finish', () => {
      const isStranger = stream.session !== undefined && !isAdmitted(stream.session)
      const timer = setTimeout(() => stream.close(), isStranger ? STRANGER_LINGER_MS : limits.lingerMs)
      stream.once('close', () => clearTimeout(timer))
    })
  })
  return server
}

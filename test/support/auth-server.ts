/**
 * A server of AuthService on TLS, with handlers of the test's own, and connections to it.
 *
 * @module
 */
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { type Connection, connect, type Target } from '#lib/rpc/client.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { type RpcServer, type ServerOptions, serve, startServer } from '#lib/rpc/server.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import type { CertificateChain, Role } from '#lib/runtime/tls.ts'
import { type TestAuthority, testAuthority } from './test-authority.ts'
import { type TestLog, testLog } from './test-log.ts'

type AuthHandlers = Handlers<typeof AuthServiceService>

export interface AuthServer extends AsyncDisposable {
  readonly server: RpcServer
  readonly authority: TestAuthority
  readonly address: string
  readonly logged: TestLog
  /** Connect as a client would, with what is given changed. The connection is closed with the server. */
  connect(security?: {
    role?: Role
    authorityPem?: string
    certificate?: CertificateChain
  }): Connection<typeof AuthServiceService>
}

/**
 * Start the server.
 *
 * @param handlers - Those that the test calls.
 * @param options - What differs from a service's own server.
 */
export async function authServer(
  handlers: Partial<AuthHandlers>,
  options: Partial<ServerOptions> & { readonly onlyRole?: Role } = {},
): Promise<AuthServer> {
  const { onlyRole, ...others } = options
  // Disposed of at once where the start fails.
  await using resources = new AsyncDisposableStack()
  const authority = resources.use(await testAuthority())
  const logged = testLog()
  const server = await startServer({
    services: [serve(AuthServiceService, { ...unexpectedCalls(), ...handlers })],
    host: '127.0.0.1',
    port: 0,
    security: {
      certificate: await authority.leaf('auth.sotto'),
      ...(onlyRole && { onlyClient: { roles: [onlyRole], authoritiesPem: authority.authorityPem } }),
    },
    limits: SERVICE_LIMITS,
    log: logged.log,
    ...others,
  })
  resources.defer(() => server.stop(0))
  const running = resources.move()
  const connections: { close(): void }[] = []
  const address = `127.0.0.1:${server.port}`
  return {
    server,
    authority,
    address,
    logged,
    connect({ role = 'auth.sotto', authorityPem = authority.authorityPem, certificate } = {}) {
      const security: Target['security'] = { role, authorityPem, ...(certificate && { certificate }) }
      const connection = connect(AuthServiceService, { address, security })
      connections.push(connection)
      return connection
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.close()
      await running[Symbol.asyncDispose]()
    },
  }
}

/** Handlers of every call that fail, since the test expects none. */
export function unexpectedCalls(): AuthHandlers {
  const notExpected = () => Promise.reject(new Error('not expected to be called'))
  return Object.fromEntries(
    Object.keys(AuthServiceService).map((name) => [name, notExpected]),
  ) as unknown as AuthHandlers
}

/** An answer of GetServerInfo. */
export const SERVER_INFO = {
  protocolVersion: 1,
  realm: Buffer.alloc(32, 7),
  directoryAddress: ':7002',
  serverTime: new Date('2030-01-01T00:00:00Z'),
  authorities: [],
  relayAddresses: [],
}

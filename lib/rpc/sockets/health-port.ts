/**
 * The health of a service over plain HTTP, for what asks often and should cost little: the health check of a container, in
 * which a shell asks where another Node.js would have to start, or a load balancer.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SottoError } from '../../errors.ts'
import { hasSystemCode } from '../../runtime/system-errors.ts'

/** The only address that it listens on. */
const LOOPBACK = '127.0.0.1'

/** How long a caller has for a request, and then for the next, in milliseconds; and how many callers there may be. */
const REQUEST_TIMEOUT_MS = 2_000
const MAX_CONNECTIONS = 16

export interface HealthPortOptions {
  /** 0 for any free port. */
  readonly port: number
  /** Whether the service can do its work now. */
  readonly isServing: () => boolean
}

export interface HealthPort {
  /** The real one. */
  readonly port: number
  stop(): Promise<void>
}

/**
 * Answer every request with 200, or with 503 while the service does not serve.
 *
 * @throws SottoError `ERR_CONFIG` if the port cannot be bound.
 */
export async function startHealthPort({ port, isServing }: HealthPortOptions): Promise<HealthPort> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: REQUEST_TIMEOUT_MS })
  server.keepAliveTimeout = REQUEST_TIMEOUT_MS
  server.maxConnections = MAX_CONNECTIONS
  server.on('request', (_request, response) => {
    response.writeHead(isServing() ? 200 : 503, { 'content-type': 'text/plain' })
    response.end(isServing() ? 'serving\n' : 'not serving\n')
  })
  // Of a connection that could not be taken, whoever asks need not hear: they ask again.
  server.on('error', () => undefined)
  server.listen(port, LOOPBACK)
  try {
    await once(server, 'listening')
  } catch (cause) {
    if (!hasSystemCode(cause, 'EADDRINUSE') && !hasSystemCode(cause, 'EACCES')) throw cause
    throw new SottoError('ERR_CONFIG', `cannot answer for the health at ${LOOPBACK}:${port}`, {
      cause,
      hint: 'another program may have the port; choose another in the settings',
    })
  }
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

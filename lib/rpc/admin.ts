/**
 * The admin server: channelz, which shows the servers, connections and calls of this process, to this machine alone.
 *
 * @module
 */
import type { Logger } from '../runtime/log.ts'
import { INTERNAL_LIMITS } from './limits.ts'
import { type RpcServer, startServer } from './server.ts'
import { createChannelz } from './standard/channelz.ts'

/**
 * The only address of the admin server: it shows the addresses and certificates of callers and asks for no proof, so
 * that it must never listen where others can reach it.
 */
const LOOPBACK = '127.0.0.1'

/**
 * Start the admin server: plain HTTP/2 on loopback, with reflection.
 *
 * @param options.port - 0 for any free port.
 * @throws SottoError `ERR_CONFIG` if the port cannot be bound.
 */
export function startAdminServer(options: { readonly port: number; readonly log: Logger }): Promise<RpcServer> {
  return startServer({
    services: [createChannelz()],
    host: LOOPBACK,
    port: options.port,
    security: undefined,
    limits: INTERNAL_LIMITS,
    log: options.log,
    reflection: true,
  })
}

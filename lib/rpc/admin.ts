/**
 * The admin server: channelz, which shows the servers, connections and calls of this process, to this machine alone.
 *
 * @module
 */
import { getChannelzHandlers, getChannelzServiceDefinition, type ServiceDefinition } from '@grpc/grpc-js'
import type { Logger } from '../runtime/log.ts'
import { INTERNAL_LIMITS } from './limits.ts'
import { serveNative } from './served-service.ts'
import { type RpcServer, startServer } from './server.ts'

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
    services: [serveNative(channelzOnDemand(), { ...getChannelzHandlers() })],
    host: LOOPBACK,
    port: options.port,
    security: undefined,
    limits: INTERNAL_LIMITS,
    log: options.log,
    reflection: true,
  })
}

/**
 * The library loads the definition of channelz from a proto file, and all that reads one: 10 MB, now at the first call. All
 * methods are unary (https://github.com/grpc/proposal/blob/master/A14-channelz.md).
 */
function channelzOnDemand(): ServiceDefinition {
  return Object.fromEntries(
    Object.keys(getChannelzHandlers()).map((name) => {
      const method = () => getChannelzServiceDefinition()[name] as ServiceDefinition[string]
      return [
        name,
        {
          path: `/grpc.channelz.v1.Channelz/${name}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: (request: unknown) => method().requestSerialize(request),
          requestDeserialize: (bytes: Buffer) => method().requestDeserialize(bytes),
          responseSerialize: (response: unknown) => method().responseSerialize(response),
          responseDeserialize: (bytes: Buffer) => method().responseDeserialize(bytes),
        },
      ]
    }),
  )
}

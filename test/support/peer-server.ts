/**
 * A server of PeerService on plain HTTP/2, with a handler of the test's own, and a connection to it.
 *
 * @module
 */
import { type ConverseRequest, type ConverseResponse, PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { PEER_LIMITS, type ServerLimits } from '#lib/rpc/limits.ts'
import { type RpcServer, serve, startServer } from '#lib/rpc/server.ts'
import type { CallContext, Duplex } from '#lib/rpc/service.ts'
import { type TestLog, testLog } from './test-log.ts'

export const CONVERSE = '/sotto.peer.v1.PeerService/Converse'

export type Converse = (stream: Duplex<ConverseRequest, ConverseResponse>, context: CallContext) => Promise<void>

export interface PeerServer extends AsyncDisposable {
  readonly server: RpcServer
  readonly connection: Connection<typeof PeerServiceService>
  readonly logged: TestLog
}

/** Start the server. @param limits - Limits that differ from {@link PEER_LIMITS}. */
export async function peerServer(converse: Converse, limits: Partial<ServerLimits> = {}): Promise<PeerServer> {
  const logged = testLog()
  const server = await startServer({
    services: [serve(PeerServiceService, { converse })],
    host: '127.0.0.1',
    port: 0,
    security: undefined,
    limits: { ...PEER_LIMITS, ...limits },
    log: logged.log,
  })
  const connection = connect(PeerServiceService, { address: `127.0.0.1:${server.port}`, security: undefined })
  return {
    server,
    connection,
    logged,
    async [Symbol.asyncDispose]() {
      connection.close()
      await server.stop(0)
    },
  }
}

/** A handler that sends every record back. */
export const echo: Converse = async (stream) => {
  for await (const { message } of stream.messages) {
    if (message?.$case === 'record') await stream.send({ message })
  }
}

/** A message that carries a record of so many bytes. */
export function record(length: number, fill = 0): { message: { $case: 'record'; value: Buffer } } {
  return { message: { $case: 'record', value: Buffer.alloc(length, fill) } }
}

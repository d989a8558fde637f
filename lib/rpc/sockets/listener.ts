/**
 * The sockets of a server: how many there may be, and where they go.
 *
 * @module
 */
import { chmodSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { isAbsolute } from 'node:path'
import { SottoError } from '../../errors.ts'
import { PRIVATE_FILE_MODE } from '../../runtime/files.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Callers } from './callers.ts'
import { orphanedSockets } from './orphaned-sockets.ts'

export interface Listener {
  readonly host: string
  /** The real one; 0 of a Unix socket. */
  readonly port: number
  /** Take no more connections. Those that are open stay. */
  close(): void
  /** Cut every connection; resolves when all of them, and the port, are closed. */
  destroy(): Promise<void>
}

/**
 * Listen for connections.
 *
 * @param host - An IP literal; or the path of a Unix socket, which is made for this user alone.
 * @param accept - Gets each socket that is within the limits.
 * @throws SottoError `ERR_CONFIG` if the address cannot be bound.
 */
export async function listen(options: {
  readonly host: string
  readonly port: number
  /** The callers that each new connection joins. */
  readonly callers: Callers
  readonly log: Logger
  readonly accept: (socket: Socket) => void
}): Promise<Listener> {
  const { callers, log } = options
  const isSocket = isAbsolute(options.host)
  const server = createServer({ noDelay: true }, (socket) => {
    const peer = socket.remoteAddress
    // Without a listener a reset by the other end would end the process.
    socket.on('error', (error) => log.debug({ peer, err: error }, 'connection broke'))
    if (!callers.add(socket)) return
    orphanedSockets.add(socket)
    options.accept(socket)
  })
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  server.on('close', resolve)

  const { port } = await new Promise<{ port: number }>((bound, reject) => {
    server.once('error', (cause) => {
      reject(
        isSocket
          ? new SottoError('ERR_CONFIG', `cannot listen on ${options.host}`, { cause, hint: 'check its folder' })
          : new SottoError('ERR_CONFIG', `cannot listen on ${options.host} port ${options.port}`, {
              cause,
              hint: 'is it running already? If not, choose a free port and an address of this machine',
            }),
      )
    })
    server.listen(isSocket ? { path: options.host } : { host: options.host, port: options.port }, () => {
      server.removeAllListeners('error')
      server.on('error', (error) => log.error({ err: error }, 'cannot accept connections'))
      if (isSocket) chmodSync(options.host, PRIVATE_FILE_MODE)
      bound(isSocket ? { port: 0 } : (server.address() as { port: number }))
    })
  })

  return {
    host: options.host,
    port,
    close: () => void server.close(),
    destroy() {
      server.close()
      callers.destroy()
      return closed
    },
  }
}

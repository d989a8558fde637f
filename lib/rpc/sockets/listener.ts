/**
 * The sockets of a server: how many there may be, and where they go.
 *
 * @module
 */
import { createServer, type Socket } from 'node:net'
import { SottoError } from '../../errors.ts'
import type { Logger } from '../../runtime/log.ts'
import type { ServerLimits } from '../limits.ts'
import { orphanedSockets } from './orphaned-sockets.ts'

export interface Listener {
  readonly host: string
  /** The real one. */
  readonly port: number
  /** Take no more connections. Those that are open stay. */
  close(): void
  /** Cut every connection; resolves when all of them, and the port, are closed. */
  destroy(): Promise<void>
}

/**
 * Listen for connections.
 *
 * @param accept - Gets each socket that is within the limits.
 * @throws SottoError `ERR_CONFIG` if the address cannot be bound.
 */
export async function listen(options: {
  readonly host: string
  readonly port: number
  readonly limits: ServerLimits
  readonly log: Logger
  readonly accept: (socket: Socket) => void
}): Promise<Listener> {
  const { limits, log } = options
  const open = new Set<Socket>()
  const countByAddress = new Map<string, number>()

  const server = createServer({ noDelay: true }, (socket) => {
    const address = socket.remoteAddress ?? ''
    const count = countByAddress.get(address) ?? 0
    if (open.size >= limits.maxConnections || count >= limits.maxConnectionsPerAddress) {
      log.debug({ peer: address, open: open.size }, 'too many connections')
      socket.destroy()
      return
    }
    open.add(socket)
    orphanedSockets.add(socket)
    countByAddress.set(address, count + 1)
    socket.on('close', () => {
      open.delete(socket)
      const left = (countByAddress.get(address) ?? 1) - 1
      if (left === 0) countByAddress.delete(address)
      else countByAddress.set(address, left)
    })
    // Without a listener a reset by the other end would end the process.
    socket.on('error', (error) => log.debug({ peer: address, err: error }, 'connection broke'))
    options.accept(socket)
  })
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  server.on('close', resolve)

  const { port } = await new Promise<{ port: number }>((bound, reject) => {
    server.once('error', (cause) => {
      reject(
        new SottoError('ERR_CONFIG', `cannot listen on ${options.host} port ${options.port}`, {
          cause,
          hint: 'is it running already? If not, choose a free port and an address of this machine',
        }),
      )
    })
    server.listen(options.port, options.host, () => {
      server.removeAllListeners('error')
      server.on('error', (error) => log.error({ err: error }, 'cannot accept connections'))
      bound(server.address() as { port: number })
    })
  })

  return {
    host: options.host,
    port,
    close: () => void server.close(),
    destroy() {
      server.close()
      for (const socket of open) socket.destroy()
      return closed
    },
  }
}

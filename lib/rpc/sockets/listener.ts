/**
 * The sockets of a server: how many there may be, and where they go.
 *
 * @module
 */
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { isAbsolute } from 'node:path'
import { SottoError } from '../../errors.ts'
import { PRIVATE_FILE_MODE } from '../../runtime/files.ts'
import type { Logger } from '../../runtime/log.ts'
import { bindPort } from '../../runtime/network/bind.ts'
import type { Ranges } from '../../runtime/network/ranges.ts'
import type { Callers } from './callers.ts'
import { orphanedSockets } from './orphaned-sockets.ts'
import { ProxiedSockets } from './proxied-sockets.ts'

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
 * @param accept - Gets each socket that is within the limits, at its turn.
 * @throws SottoError `ERR_CONFIG` if the address cannot be bound.
 */
export async function listen(options: {
  readonly host: string
  readonly port: number
  /** The callers that each new connection joins. */
  readonly callers: Callers
  readonly log: Logger
  readonly accept: (socket: Socket) => void
  /** Who alone may connect, and has to say on whose behalf (proxied-sockets.ts). Everybody, for themselves, unless set. */
  readonly proxies?: Ranges | undefined
}): Promise<Listener> {
  const { callers, log } = options
  const takeIn = (socket: Socket, address: string | undefined) => {
    if (callers.add(socket, address, () => options.accept(socket))) orphanedSockets.add(socket)
  }
  const proxied = options.proxies && new ProxiedSockets(options.proxies, log, takeIn)
  const server = createServer({ noDelay: true }, (socket) => {
    const peer = socket.remoteAddress
    // Without a listener a reset by the other end would end the process.
    socket.on('error', (error) => log.debug({ peer, err: error }, 'connection broke'))
    if (proxied === undefined) takeIn(socket, peer)
    else proxied.add(socket)
  })
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  server.on('close', resolve)
  const port = isAbsolute(options.host)
    ? await bindPath(server, options.host)
    : await bindPort(server, options.host, options.port)
  server.on('error', (error) => log.error({ err: error }, 'cannot accept connections'))

  return {
    host: options.host,
    port,
    close: () => void server.close(),
    destroy() {
      server.close()
      proxied?.destroy()
      callers.destroy()
      return closed
    },
  }
}

/** Bind a Unix socket, for this user alone. @returns the port that it does not have, 0. */
async function bindPath(server: Server, path: string): Promise<number> {
  server.listen({ path })
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new SottoError('ERR_CONFIG', `cannot listen on ${path}`, { cause, hint: 'check its folder' })
  }
  chmodSync(path, PRIVATE_FILE_MODE)
  return 0
}

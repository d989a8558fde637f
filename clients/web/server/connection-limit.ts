/**
 * Room for a browser among the connections of the page's server: every user of this machine can open some and say nothing.
 *
 * @module
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Keep to a number of connections. For one more, that is closed which has had no request under way for the longest time;
 * where all have one, the new one.
 */
export function limitConnections(server: Server, most: number): void {
  const open = new Set<Socket>()
  /** Those without a request under way, in the order in which they came to be so. */
  const idle = new Set<Socket>()
  const forget = (socket: Socket) => {
    open.delete(socket)
    idle.delete(socket)
  }
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    idle.add(socket)
    socket.once('close', () => forget(socket))
    const [oldest] = idle
    if (open.size <= most || oldest === undefined) return
    forget(oldest)
    oldest.destroy()
  })
  server.on('request', ({ socket }, response) => {
    idle.delete(socket)
    response.once('close', () => {
      if (open.has(socket)) idle.add(socket)
    })
  })
}

/**
 * Room for a browser among the connections of the page's server: every user of this machine can open some and say nothing.
 *
 * @module
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How long what is written may wait until it is taken, in milliseconds; at most twice that. */
const UNTAKEN_MS = 30_000

/**
 * Keep to a number of connections. For one more, that is closed which has had no request under way for the longest time;
 * where all have one, the new one. One that does not read its answer has none for long: it is closed. An answer without an
 * end may wait for its next piece as long as it likes.
 */
export function limitConnections(server: Server, most: number, untakenMs = UNTAKEN_MS): void {
  const open = new Set<Socket>()
  /** Those without a request under way, in the order in which they came to be so. */
  const idle = new Set<Socket>()
  const forget = (socket: Socket) => {
    open.delete(socket)
    idle.delete(socket)
  }
  /** How much had been taken of those at the last look who had not taken all, in bytes. */
  let taken = new Map<Socket, number>()
  const look = () => {
    const before = taken
    taken = new Map()
    for (const socket of open) {
      if (socket.writableLength === 0) continue
      const bytes = socket.bytesWritten - socket.writableLength
      if (before.get(socket) === bytes) socket.destroy()
      else taken.set(socket, bytes)
    }
  }
  const timer = setInterval(look, untakenMs).unref()
  server.once('close', () => clearInterval(timer))
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

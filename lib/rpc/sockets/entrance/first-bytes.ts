/**
 * The first bytes of a connection, read before anybody serves it: that there are some tells who means to speak, and reading
 * on tells who has gone meanwhile.
 *
 * Clients speak first, in TLS as in HTTP/2, and most wait for an answer then: a ClientHello is 2 KiB, and how HTTP/2 begins
 * 100 bytes.
 *
 * @module
 */
import type { Socket } from 'node:net'

export class FirstBytes {
  readonly #socket: Socket
  readonly #onReadable: () => void
  readonly #chunks: Buffer[] = []
  /** How many there are. */
  length = 0

  /** @param onMore - There are more. */
  constructor(socket: Socket, onMore: () => void) {
    this.#socket = socket
    this.#onReadable = () => {
      const before = this.length
      for (let chunk = read(socket); chunk !== null; chunk = read(socket)) {
        this.#chunks.push(chunk)
        this.length += chunk.length
      }
      if (this.length > before) onMore()
    }
    socket.on('readable', this.#onReadable)
    // Of what is there already no event tells where somebody has read before (proxied-sockets.ts).
    if (socket.readableLength > 0) process.nextTick(this.#onReadable)
  }

  /** Have whoever serves the connection read them, and all that comes. */
  putBack(): void {
    this.#socket.off('readable', this.#onReadable)
    this.#socket.unshift(Buffer.concat(this.#chunks.splice(0)))
  }
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null
}

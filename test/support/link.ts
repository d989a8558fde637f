/**
 * A TCP link that a test can break: a relay on loopback between a caller and a server.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { Relay } from './relay.ts'

export class Link extends Relay {
  /** How many bytes the link has carried from callers to the server, and back. */
  carriedThere = 0
  carriedBack = 0

  /** Open a link to a server at HOST:PORT. */
  static async to(address: string): Promise<Link> {
    return await new Link(address).listen()
  }

  protected override carry(from: Socket, to: Socket, { isBack }: { readonly isBack: boolean }): void {
    from.on('data', ({ length }) => {
      if (isBack) this.carriedBack += length
      else this.carriedThere += length
    })
    from.pipe(to)
  }

  /** Let nothing through any more and notify neither end, as a pulled cable does. */
  silence(): void {
    for (const socket of this.sockets) socket.unpipe().pause()
  }
}

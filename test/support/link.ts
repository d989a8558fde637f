/**
 * A TCP link that a test can break: a relay on loopback between a caller and a server.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { Relay } from './relay.ts'

export class Link extends Relay {
  /** How many bytes it has carried from callers to the server, and back. */
  carriedThere = 0
  carriedBack = 0

  /** A link to what listens at HOST:PORT. */
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

  /** Let nothing through any more, and tell nobody, as a cable that is pulled does. */
  silence(): void {
    for (const socket of this.sockets) socket.unpipe().pause()
  }
}

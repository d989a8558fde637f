/**
 * A TCP link that a test can break: a relay on loopback between a caller and a server.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { parseAddress } from '#lib/runtime/address.ts'
import { reset } from './reset.ts'

export class Link implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** How many bytes it has carried from callers to the server, and back. */
  carriedThere = 0
  carriedBack = 0

  /** A link to what listens at HOST:PORT. */
  static async to(address: string): Promise<Link> {
    const link = new Link(address)
    await once(link.#server.listen(0, '127.0.0.1'), 'listening')
    return link
  }

  private constructor(target: string) {
    this.#server = createServer((near) => {
      const far = connect(parseAddress(target))
      near.on('data', ({ length }) => {
        this.carriedThere += length
      })
      far.on('data', ({ length }) => {
        this.carriedBack += length
      })
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.pipe(to)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
      }
    })
  }

  /** What to dial instead of the server, HOST:PORT. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Reset the connections on both sides, as a killed process or a rebooted router does. */
  cut(): void {
    for (const socket of this.#sockets) reset(socket)
  }

  /** Let nothing through any more, and tell nobody, as a cable that is pulled does. */
  silence(): void {
    for (const socket of this.#sockets) socket.unpipe().pause()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

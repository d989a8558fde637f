/**
 * Wiretaps: ports that pass every byte on to another port, and record it.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A connection as a wiretap has recorded it. */
export interface TappedConnection {
  /** The name of the link that the connection belongs to. */
  readonly link: string
  /** All that the side which connected has sent, in pieces. */
  readonly fromCaller: Buffer[]
  readonly fromCallee: Buffer[]
}

/** The wiretaps of one test; the connections of all of them are in the order in which they were opened. */
export class Wiretap implements AsyncDisposable {
  readonly connections: TappedConnection[] = []
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()

  /**
   * Listen in on a link.
   *
   * @param port - The port of this machine that the bytes go on to. Nothing needs to listen there yet.
   * @returns The port to connect to instead.
   */
  async on(link: string, port: number): Promise<number> {
    const server = createServer((caller) => {
      const connection: TappedConnection = { link, fromCaller: [], fromCallee: [] }
      this.connections.push(connection)
      const callee = connect({ port, host: '127.0.0.1', noDelay: true })
      this.#pass(caller, callee, connection.fromCaller)
      this.#pass(callee, caller, connection.fromCallee)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#servers.push(server)
    return (server.address() as AddressInfo).port
  }

  #pass(from: Socket, to: Socket, received: Buffer[]): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (bytes: Buffer) => received.push(bytes))
    // However one side ends, the other is notified.
    from.on('error', () => to.destroy())
    from.on('close', () => this.#sockets.delete(from))
    from.pipe(to)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#servers.map((server) => once(server.close(), 'close')))
  }
}

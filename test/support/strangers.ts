/**
 * A crowd of callers without tickets: connections and calls that send nothing, from one address or from many.
 *
 * @module
 */
import { once } from 'node:events'
import http2 from 'node:http2'
import { connect, type Socket } from 'node:net'
import { CONVERSE } from './peer-server.ts'

export class Strangers implements Disposable {
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  readonly #sessions: http2.ClientHttp2Session[] = []
  /** The gRPC statuses that the calls have received. */
  readonly statuses: number[] = []

  /** @param port - The port of a server on 127.0.0.1. */
  constructor(port: number) {
    this.#port = port
  }

  /** How many of the connections are open. */
  get open(): number {
    return [...this.#sockets].filter(({ closed }) => !closed).length
  }

  /** Connect, and have the server take it in. @param from - Each of 127.0.0.0/8 is an address of this machine. */
  async connect(from = '127.0.0.1'): Promise<Socket> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress: from })
    this.#sockets.add(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  /** Connect, and begin calls that send nothing. */
  async call(calls: number, from?: string): Promise<void> {
    const socket = await this.connect(from)
    const session = http2.connect(`http://127.0.0.1:${this.#port}`, { createConnection: () => socket })
    this.#sessions.push(session)
    session.on('error', () => {})
    await once(session, 'remoteSettings')
    for (let count = 0; count < calls; count += 1) this.#begin(session)
    // Its answer comes after the server has seen them all.
    if (!session.destroyed) await new Promise<void>((resolve) => session.ping(() => resolve()) || resolve())
  }

  #begin(session: http2.ClientHttp2Session): void {
    if (session.destroyed || session.closed) return
    const headers = { ':method': 'POST', ':path': CONVERSE, 'content-type': 'application/grpc', te: 'trailers' }
    const stream = session.request(headers)
    stream.on('error', () => {})
    stream.on('response', ({ 'grpc-status': status }) => {
      if (status !== undefined) this.statuses.push(Number(status))
    })
    stream.resume()
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }
}

/**
 * A relay between two ends on loopback, which a test can cut.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { parseAddress } from '#lib/runtime/address.ts'
import { reset } from './reset.ts'

export abstract class Relay implements AsyncDisposable {
  /** The address that the relay leads to, HOST:PORT; set before anybody connects. */
  target: string
  protected readonly sockets = new Set<Socket>()
  readonly #server: Server

  constructor(target: string) {
    this.target = target
    this.#server = createServer((near) => {
      const far = connect(parseAddress(this.target))
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(from)
        this.carry(from, to, { isBack: from === far })
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.sockets.delete(from)
          to.destroy()
        })
      }
    })
  }

  async listen(): Promise<this> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return this
  }

  /** Carry what one end sends to the other, and the end of it. */
  protected abstract carry(from: Socket, to: Socket, way: { readonly isBack: boolean }): void

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The address to connect to in place of the target, HOST:PORT. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Reset the connections on both sides, as a killed process or a rebooted router does. */
  cut(): void {
    for (const socket of this.sockets) reset(socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

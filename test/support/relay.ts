/**
 * A relay between two ends on loopback, which a test can cut.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { parseAddress } from '#lib/runtime/address.ts'
import { reset } from './reset.ts'

export interface RelayTimes {
  /** How long after a connection is taken the target is connected to, in milliseconds. */
  readonly connectMs: number
  /** How long the end of one side takes to the other, in milliseconds. */
  readonly lagMs: number
}

export abstract class Relay implements AsyncDisposable {
  /** The address that the relay leads to, HOST:PORT; set before anybody connects. */
  target: string
  protected readonly sockets = new Set<Socket>()
  readonly #server: Server
  readonly #times: RelayTimes

  constructor(target: string, times: RelayTimes = { connectMs: 0, lagMs: 0 }) {
    this.target = target
    this.#times = times
    this.#server = createServer({ allowHalfOpen: times.lagMs > 0 }, (near) => {
      this.#keep(near)
      after(times.connectMs, () => near.destroyed || this.#open(near))
    })
  }

  #open(near: Socket): void {
    const far = connect({ ...parseAddress(this.target), allowHalfOpen: this.#times.lagMs > 0 })
    this.#keep(far)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.carry(from, to, { isBack: from === far })
      from.on('close', () => after(this.#times.lagMs, () => to.destroy()))
    }
  }

  #keep(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
  }

  async listen(host = '127.0.0.1', port = 0): Promise<this> {
    await once(this.#server.listen(port, host), 'listening')
    return this
  }

  /** Carry what one end sends to the other, and the end of it. */
  protected abstract carry(from: Socket, to: Socket, way: { readonly isBack: boolean }): void

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The address to connect to in place of the target, HOST:PORT. */
  get address(): string {
    return `${(this.#server.address() as AddressInfo).address}:${this.port}`
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

/** Do something later, or at once where there is nothing to wait for. */
export function after(ms: number, act: () => unknown): void {
  if (ms === 0) act()
  else setTimeout(act, ms)
}

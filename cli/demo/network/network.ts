/**
 * The network between the people of a demo. It passes on what comes, byte for byte, unless it is told to tamper with the
 * next call, or to let each message wait.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { TAMPER, type Tamper, tamperedWith } from './tamper.ts'
import type { Tampering } from './tamperings.ts'
import { type Unit, Units } from './units.ts'

const LOOPBACK = '127.0.0.1'

/** Has a message wait: resolves when it may pass, or the call is over. */
export type Wait = (message: PassingMessage, over: AbortSignal) => Promise<void>

/** A message on its way, as the network sees it. */
export interface PassingMessage {
  readonly from: string
  readonly to: string
  /** Whether it is the caller's. */
  readonly isOfCaller: boolean
  /** Without its prefix. */
  readonly content: Buffer
}

export interface NetworkOptions {
  /** Told what it does, as it does it. */
  readonly notice: (text: string) => void
  /** Has each message of a conversation wait; none does unless set. */
  readonly wait?: Wait
}

export class Network {
  readonly #options: NetworkOptions
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  #tamper: Tamper | undefined

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** Do that to the calls from now on, until it is done. */
  tamper(how: Tampering): void {
    this.#tamper = TAMPER[how](this.#options.notice)
  }

  /** Cut all calls that there are. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /**
   * Lead to somebody.
   *
   * @param target - Their port of 127.0.0.1.
   * @returns the port of 127.0.0.1 by which they are reached.
   */
  async leadTo(target: number, { caller, callee }: { readonly caller: string; readonly callee: string }) {
    const server = createServer((socket) => this.#carry(this.#keep(socket), target, { caller, callee }))
    this.#servers.push(server)
    server.listen(0, LOOPBACK)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  #carry(calling: Socket, target: number, { caller, callee }: { readonly caller: string; readonly callee: string }) {
    const called = this.#keep(connect(target, LOOPBACK))
    const over = new AbortController()
    const lane = (way: Way, to: Socket) =>
      new Lane({ way, wait: this.#options.wait, pass: (bytes) => void to.write(bytes), over: over.signal })
    const there = lane({ from: caller, to: callee, isOfCaller: true }, called)
    const back = lane({ from: callee, to: caller, isOfCaller: false }, calling)
    const [asked, answered] = [new Units(true), new Units(false)]
    /** All up to the Hello, and with it; undefined once that has been. */
    let begun: Buffer[] | undefined = []
    /** What is to be sent once more when the Hello was answered: before, the copy might be there first. */
    let repeated: Buffer | undefined
    const take = (unit: Unit) => {
      begun?.push(unit.bytes)
      if (begun === undefined || unit.messages.length === 0) return there.push(unit)
      const whole = Buffer.concat(begun)
      begun = undefined
      const call = {
        cut: () => calling.destroy(),
        repeat: () => {
          repeated = whole
        },
      }
      const passing = this.#tamper === undefined ? unit : tamperedWith(unit, this.#tamper, call)
      if (passing !== undefined) there.push(passing)
    }
    calling.on('data', (bytes: Buffer) => {
      for (const unit of asked.push(bytes)) take(unit)
    })
    called.on('data', (bytes: Buffer) => {
      for (const unit of answered.push(bytes)) {
        back.push(unit)
        if (repeated === undefined || unit.messages.length === 0) continue
        this.#keep(connect(target, LOOPBACK)).end(repeated)
        repeated = undefined
      }
    })
    for (const [one, other] of [
      [calling, called],
      [called, calling],
    ] as const) {
      one.on('close', () => {
        over.abort()
        other.destroy()
      })
    }
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    return socket
  }

  close(): void {
    for (const server of this.#servers) server.close()
    this.cut()
  }
}

type Way = Omit<PassingMessage, 'content'>

interface LaneOptions {
  readonly way: Way
  readonly wait: Wait | undefined
  readonly pass: (bytes: Buffer) => void
  readonly over: AbortSignal
}

/** One direction of a call: units pass in their order, and those of the link at once. */
class Lane {
  readonly #options: LaneOptions
  #before: Promise<void> | undefined

  constructor(options: LaneOptions) {
    this.#options = options
  }

  push(unit: Unit): void {
    const { wait, pass } = this.#options
    if (wait === undefined || unit.isOfLink) pass(unit.bytes)
    else this.#before = this.#after(this.#before, wait, unit)
  }

  async #after(before: Promise<void> | undefined, wait: Wait, { messages, bytes }: Unit) {
    const { way, pass, over } = this.#options
    await before
    for (const content of messages) await wait({ ...way, content }, over)
    if (over.aborted) return
    pass(bytes)
  }
}

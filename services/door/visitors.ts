/**
 * Those who come to the door: each says in a ClientHello to which service they want, and is passed on to it.
 *
 * Whoever has not said so yet holds a place among strangers, for a second at most and {@link MAX_HELLO_BYTES}.
 *
 * @module
 */
import { connect, type Socket } from 'node:net'
import { UNREAD_TIMEOUT_MS } from '#lib/rpc/sockets/guard/bounds.ts'
import { reportCut } from '#lib/rpc/sockets/guard/report-cut.ts'
import { networkOf, plainAddress } from '#lib/rpc/sockets/network-of.ts'
import { orphanedSockets } from '#lib/rpc/sockets/orphaned-sockets.ts'
import { Places } from '#lib/rpc/sockets/places.ts'
import { type RoomLimits, WaitingRoom } from '#lib/rpc/sockets/waiting-room.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { CutReason } from '#lib/runtime/metrics/cut-events.ts'
import { encodeProxyHeader } from '#lib/runtime/network/proxy-header.ts'
import { type ClientHello, NotClientHello, readClientHello } from './client-hello.ts'
import { type Service, serviceOf } from './roles.ts'
import { splice } from './splice.ts'

/** How long a ClientHello may take, in milliseconds: clients send it whole and at once. */
export const HELLO_TIMEOUT_MS = 1_000

/** How long a service may take to answer, in milliseconds: it is on this machine, or in its network. */
const CONNECT_TIMEOUT_MS = 2_000

/**
 * How many may be about to say where they want, in all and of one network: 1,024 of {@link MAX_HELLO_BYTES} are 16 MiB. A
 * round trip is what a visitor needs, and 60 ms nobody has to leave, so that of a crowd which comes at once those get
 * through who came first.
 */
export const STRANGERS: RoomLimits = { places: 1_024, placesPerNetwork: 1_024, vouchedPlaces: 0, graceMs: 60 }

export interface VisitorsOptions {
  /** Where each service takes what is passed on, HOST:PORT. */
  readonly services: ReadonlyMap<Service, string>
  /** How many may be there at once, and how many of one network. */
  readonly connections: { readonly most: number; readonly mostPerAddress: number }
  /** {@link STRANGERS} unless set. */
  readonly strangers?: RoomLimits | undefined
  /** How long a caller may take nothing of what waits, in milliseconds; {@link UNREAD_TIMEOUT_MS} unless set. */
  readonly unreadTimeoutMs?: number | undefined
  readonly log: Logger
}

export class Visitors {
  readonly #options: VisitorsOptions
  readonly #places: Places
  readonly #strangers: WaitingRoom
  readonly #open = new Set<Socket>()
  #waiting = 0

  constructor(options: VisitorsOptions) {
    this.#options = options
    this.#strangers = new WaitingRoom(options.strangers ?? STRANGERS)
    this.#places = new Places(options.connections.most, options.connections.mostPerAddress)
  }

  /** How many there are. */
  get size(): number {
    return this.#open.size
  }

  /** How many of them have not said yet where they want. */
  get waiting(): number {
    return this.#waiting
  }

  /** Take in a new connection, which allows half of it to be open. */
  add(socket: Socket): void {
    const { log } = this.#options
    const address = socket.remoteAddress ?? ''
    const network = networkOf(address)
    socket.on('error', (error) => log.debug({ peer: address, err: error }, 'connection broke'))
    if (!this.#places.enter(network)) return void this.#cut(socket, 'full', address)
    this.#open.add(socket)
    orphanedSockets.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#places.leave(network)
    })
    const place = this.#strangers.enter(network, () => this.#cut(socket, 'crowd', address))
    if (place === undefined) return void this.#cut(socket, 'crowd', address)
    this.#waiting += 1
    this.#listen(socket, address, () => {
      this.#waiting -= 1
      place.leave()
    })
  }

  /** Cut every connection. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy()
  }

  /** Wait for the ClientHello. @param onOver - It has come, or the connection is closed. */
  #listen(socket: Socket, address: string, onOver: () => void): void {
    let bytes: Buffer = Buffer.alloc(0)
    const timer = setTimeout(() => this.#cut(socket, 'handshake', address), HELLO_TIMEOUT_MS)
    const settle = () => {
      clearTimeout(timer)
      socket.off('data', onData).off('end', onEnd).off('close', settle).pause()
      onOver()
    }
    const onEnd = () => (bytes.length === 0 ? socket.destroy() : this.#cut(socket, 'hello', address))
    const onData = (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      try {
        const hello = readClientHello(bytes)
        if (hello === undefined) return
        settle()
        this.#passOn(socket, address, hello, bytes)
      } catch (error) {
        if (!(error instanceof NotClientHello)) throw error
        this.#options.log.debug({ peer: address }, `no ClientHello: ${error.message}`)
        this.#cut(socket, 'hello', address)
      }
    }
    socket.on('data', onData).once('end', onEnd).once('close', settle)
  }

  #passOn(socket: Socket, address: string, { serverName = '' }: ClientHello, bytes: Buffer): void {
    const { services, log, unreadTimeoutMs = UNREAD_TIMEOUT_MS } = this.#options
    const service = serviceOf(serverName)
    const target = service && services.get(service)
    if (target === undefined) return void this.#cut(socket, 'name', address)
    const upstream = connect({ ...parseAddress(target), noDelay: true, allowHalfOpen: true })
    const timer = setTimeout(() => upstream.destroy(new Error('it does not answer')), CONNECT_TIMEOUT_MS)
    const onFailure = () => this.#cut(socket, 'unreachable', address)
    const onGone = () => upstream.destroy()
    upstream.on('error', (error) => log.debug({ service, err: error }, 'connection to a service broke'))
    upstream.once('error', onFailure)
    socket.once('close', onGone)
    upstream.once('close', () => clearTimeout(timer))
    upstream.once('connect', () => {
      clearTimeout(timer)
      upstream.off('error', onFailure)
      socket.off('close', onGone)
      upstream.write(Buffer.concat([headerOf(socket), bytes]))
      splice(socket, upstream)
      // What a service ends meanwhile would not be seen, as nothing more is read of it.
      socket.setTimeout(unreadTimeoutMs, () => {
        if (socket.writableLength > 0) this.#cut(socket, 'unread', address)
      })
    })
  }

  #cut(socket: Socket, reason: CutReason, address: string): void {
    reportCut(this.#options.log, reason, address)
    socket.destroy()
  }
}

/** The header that tells a service whose connection it is. */
function headerOf({ remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 }: Socket): Buffer {
  const from = { address: plainAddress(remoteAddress), port: remotePort }
  return encodeProxyHeader(from, { address: plainAddress(localAddress), port: localPort })
}

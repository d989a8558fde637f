/**
 * Sockets of somebody who passes on what others call: each begins with a header of the PROXY protocol, which names the
 * caller. It is read before anything is counted by address.
 *
 * Whoever may connect here can pass for any address, so it is those alone who are trusted with that.
 *
 * @module
 */
import type { Socket } from 'node:net'
import type { Logger } from '../../runtime/log.ts'
import { callerIn, HEAD_BYTES, NotProxyHeader, restLengthOf } from '../../runtime/network/proxy-header.ts'
import type { Ranges } from '../../runtime/network/ranges.ts'
import { reportCut } from './guard/report-cut.ts'

/** How long the header may take, in milliseconds: it is sent at once, over a network of one's own. */
const HEADER_TIMEOUT_MS = 1_000

/** Takes a socket in, with the address of the caller. What came behind the header is still to be read. */
export type TakeIn = (socket: Socket, address: string | undefined) => void

export class ProxiedSockets {
  readonly #proxies: Ranges
  readonly #log: Logger
  readonly #takeIn: TakeIn
  readonly #waiting = new Set<Socket>()

  /** @param proxies - Who is trusted. */
  constructor(proxies: Ranges, log: Logger, takeIn: TakeIn) {
    this.#proxies = proxies
    this.#log = log
    this.#takeIn = takeIn
  }

  /** Read the header of a new connection, and take it in; or cut it. */
  add(socket: Socket): void {
    const peer = socket.remoteAddress
    if (peer === undefined || !this.#proxies.has(peer))
      return void this.#cut(socket, 'it is from an address that is not trusted')
    this.#waiting.add(socket)
    const timer = setTimeout(() => this.#cut(socket, 'it did not come in time'), HEADER_TIMEOUT_MS)
    let head: Buffer | null = null
    const settle = () => {
      clearTimeout(timer)
      socket.off('readable', onReadable)
      socket.off('close', settle)
      this.#waiting.delete(socket)
    }
    const onReadable = () => {
      try {
        head ??= socket.read(HEAD_BYTES) as Buffer | null
        if (head === null) return
        const length = restLengthOf(head)
        const rest = length === 0 ? Buffer.alloc(0) : (socket.read(length) as Buffer | null)
        if (rest === null) return
        const caller = callerIn(head, rest)
        settle()
        this.#takeIn(socket, caller?.address ?? peer)
      } catch (error) {
        if (!(error instanceof NotProxyHeader)) throw error
        this.#cut(socket, error.message)
      }
    }
    socket.on('readable', onReadable)
    socket.once('close', settle)
  }

  /** Cut those whose header has not come yet. */
  destroy(): void {
    for (const socket of this.#waiting) socket.destroy()
  }

  #cut(socket: Socket, why: string): void {
    const peer = socket.remoteAddress
    this.#log.debug({ peer }, `no header of the PROXY protocol: ${why}`)
    reportCut(this.#log, 'proxy', peer)
    socket.destroy()
  }
}

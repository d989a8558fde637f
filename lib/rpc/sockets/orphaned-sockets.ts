/**
 * Sockets that this machine's network has left behind: those bound to an address that it no longer has.
 *
 * A laptop that moves to another network gets no word of it: its connections are silent until somebody's keepalive
 * gives up, half a minute later. So the addresses are looked at every {@link POLL_INTERVAL_MS}, and a socket whose address
 * was missing twice in a row is destroyed. Twice, because a renewed lease may take an address away for a moment. And only
 * one that was listed before: some are never, such as 127.0.0.2, and those that a firewall or a container lends.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'

/** How often this machine's addresses are looked at, in milliseconds: a look takes a fifth of one. */
export const POLL_INTERVAL_MS = 2_000

/** Gives the addresses of this machine. */
export type Addresses = () => Iterable<string>

export class OrphanedSockets {
  readonly #addresses: Addresses
  readonly #open = new Set<Socket>()
  /** All addresses that a look has found. */
  readonly #listed = new Set<string>()
  /** The sockets whose address was missing at the last look. */
  #missing: ReadonlySet<Socket> = new Set()
  #timer: NodeJS.Timeout | undefined

  constructor(addresses: Addresses = ownAddresses) {
    this.#addresses = addresses
  }

  /** Watch over a socket for as long as it is open. */
  add(socket: Socket): void {
    this.#open.add(socket)
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.poll(), POLL_INTERVAL_MS).unref()
      this.#look()
    }
    socket.once('close', () => {
      this.#open.delete(socket)
      if (this.#open.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    })
  }

  /** Compare with the addresses that there are, and destroy what has been missing its own since the last look. */
  poll(): void {
    const present = this.#look()
    const missing = [...this.#open].filter(({ localAddress }) => {
      if (localAddress === undefined) return false
      const address = bare(localAddress)
      return this.#listed.has(address) && !present.has(address)
    })
    const before = this.#missing
    this.#missing = new Set(missing)
    for (const socket of missing) if (before.has(socket)) socket.destroy(new Error('its address is gone'))
  }

  #look(): ReadonlySet<string> {
    const present = new Set([...this.#addresses()].map(bare))
    for (const address of present) this.#listed.add(address)
    return present
  }
}

/** The watch over all sockets of this process. */
export const orphanedSockets = new OrphanedSockets()

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
}

/** An address without its zone, and without what marks an IPv4 address on a socket for both families. */
function bare(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/, '')
}

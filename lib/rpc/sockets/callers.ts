/**
 * The connections of a server: how many there may be, and what those may take who have not been let in.
 *
 * Where a server knows its callers only by what they say in a call, a connection and a call are a stranger's until the
 * handler lets the caller in. Strangers share two {@link WaitingRoom}s, one of connections and one of calls.
 *
 * @module
 */
import type { Socket } from 'node:net'
import type { Logger } from '../../runtime/log.ts'
import type { ServerLimits } from '../limits.ts'
import { Caller, type CallerRooms } from './caller.ts'
import { networkOf } from './network-of.ts'
import { WaitingRoom } from './waiting-room.ts'

/** The two ends of a connection, which name it. */
export interface Ends {
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

export class Callers {
  readonly #limits: ServerLimits
  readonly #log: Logger
  readonly #rooms: CallerRooms | undefined
  readonly #byEnds = new Map<string, Caller>()
  readonly #open = new Set<Socket>()
  readonly #countByNetwork = new Map<string, number>()

  constructor(limits: ServerLimits, log: Logger) {
    this.#limits = limits
    this.#log = log
    const { strangers } = limits
    this.#rooms = strangers && {
      ...strangers,
      connections: new WaitingRoom(strangers.connections),
      calls: new WaitingRoom(strangers.calls),
    }
  }

  /** Take a connection in. @returns false if it is over the limits, and was closed. */
  add(socket: Socket): boolean {
    const network = networkOf(socket.remoteAddress ?? '')
    const count = this.#countByNetwork.get(network) ?? 0
    const { maxConnections, maxConnectionsPerNetwork } = this.#limits
    if (this.#open.size >= maxConnections || count >= maxConnectionsPerNetwork) {
      this.#log.debug({ peer: socket.remoteAddress, open: this.#open.size }, 'too many connections')
      socket.destroy()
      return false
    }
    this.#open.add(socket)
    this.#countByNetwork.set(network, count + 1)
    const name = nameOf(socket)
    const caller = new Caller(socket, network, this.#rooms)
    this.#byEnds.set(name, caller)
    socket.on('close', () => {
      caller.closed()
      this.#open.delete(socket)
      this.#byEnds.delete(name)
      const left = (this.#countByNetwork.get(network) ?? 1) - 1
      if (left === 0) this.#countByNetwork.delete(network)
      else this.#countByNetwork.set(network, left)
    })
    return true
  }

  /** The caller at the other end of a connection; undefined once it is closed. */
  at(ends: Ends): Caller | undefined {
    return this.#byEnds.get(nameOf(ends))
  }

  /** Cut every connection. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy()
  }
}

function nameOf({ localAddress, localPort, remoteAddress, remotePort }: Ends): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ')
}

/**
 * The connections of a server: how many there may be, and what those may take who have not been let in.
 *
 * Where a server knows its callers only by what they say in a call, a connection and a call are a stranger's until the
 * handler lets the caller in. Connections of strangers come in by an {@link Entrance}, and their calls share a
 * {@link WaitingRoom}.
 *
 * @module
 */
import type { Socket } from 'node:net'
import type { Logger } from '../../runtime/log.ts'
import type { ServerLimits } from '../limits.ts'
import { Caller, type CallerRooms } from './caller.ts'
import { Entrance } from './entrance/entrance.ts'
import { ConnectionGuard } from './guard/connection-guard.ts'
import { reportCut } from './guard/report-cut.ts'
import { Sweep } from './guard/sweep.ts'
import { HeldBytes } from './held/held-bytes.ts'
import { networkOf } from './network-of.ts'
import { Places } from './places.ts'
import { WaitingRoom } from './waiting-room.ts'

/** The two ends of a connection, which name it. */
export interface Ends {
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

/** The part of the places of all, and of those of a network, that connections may take for good. */
export const SETTLED_PART = 7 / 8

export class Callers {
  readonly #limits: ServerLimits
  readonly #log: Logger
  readonly #rooms: CallerRooms | undefined
  readonly #byEnds = new Map<string, Caller>()
  readonly #open = new Set<Socket>()
  readonly #sweep = new Sweep()
  readonly #places: Places
  readonly #settledPlaces: Places
  readonly #surplusPlaces: Places
  readonly #held: HeldBytes | undefined
  /** How many connections over Unix sockets there were. */
  #unnamed = 0

  constructor(limits: ServerLimits, log: Logger) {
    this.#limits = limits
    this.#log = log
    const { strangers, maxConnections, maxConnectionsPerNetwork } = limits
    this.#rooms = strangers && {
      ...strangers,
      entrance: new Entrance(strangers.connections, strangers.line, maxConnections),
      calls: new WaitingRoom(strangers.calls),
      farewells: new Set(),
    }
    this.#places = new Places(maxConnections, maxConnectionsPerNetwork)
    const settled = (places: number) => Math.ceil(places * SETTLED_PART)
    this.#settledPlaces = new Places(settled(maxConnections), settled(maxConnectionsPerNetwork))
    const surplus = strangers?.surplusConnections ?? 0
    this.#surplusPlaces = new Places(surplus, surplus)
    this.#held = limits.held && new HeldBytes(limits.held)
  }

  /**
   * Take a connection in.
   *
   * @param address - Whose it is: the socket's own other end, or whoever that speaks for.
   * @param serve - Serves it; called once it is its turn, and never if it is over the limits.
   * @returns false if it is over the limits of all, and was closed.
   */
  add(socket: Socket, address: string | undefined, serve: () => void): boolean {
    const network = networkOf(address ?? '')
    const places = [this.#places, this.#surplusPlaces].find((each) => each.enter(network))
    if (places === undefined) {
      reportCut(this.#log, 'full', address)
      socket.destroy()
      return false
    }
    this.#open.add(socket)
    if (socket.remotePort === undefined) nameConnection(socket, ++this.#unnamed)
    const name = nameOf(socket)
    const held = this.#held?.connect(network)
    const guard: ConnectionGuard = new ConnectionGuard(socket, {
      log: this.#log,
      address,
      isStranger: () => caller.isStranger,
      handshakeTimeoutMs: this.#limits.firstCallTimeoutMs,
      held,
    })
    const caller = new Caller(socket, address ?? '', this.#settledPlaces, this.#rooms, guard)
    caller.isSurplus = places === this.#surplusPlaces
    this.#byEnds.set(name, caller)
    this.#sweep.add(guard)
    socket.on('close', () => {
      caller.closed()
      held?.close()
      this.#sweep.delete(guard)
      this.#open.delete(socket)
      // Who resets a connection and makes it anew from the same port can be here before the old one is closed.
      if (this.#byEnds.get(name) === caller) this.#byEnds.delete(name)
      places.leave(network)
    })
    caller.arrive(serve)
    return true
  }

  /** Serve no more of those who have connected and wait for their turn. */
  close(): void {
    this.#rooms?.entrance.close()
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

/** Nothing tells the connections of a Unix socket apart: each gets a number for the port that it does not have. */
function nameConnection(socket: Socket, number: number): void {
  Object.defineProperty(socket, 'remotePort', { value: number })
}

function nameOf({ localAddress, localPort, remoteAddress, remotePort }: Ends): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ')
}

/**
 * The entrance of a server that knows its callers only by what they say: who connects waits in line, unserved, until a place
 * among strangers is free (line.ts, stranger-places.ts).
 *
 * A few are let through in each turn of the event loop: a handshake takes milliseconds of a core, and those who are inside
 * wait for the whole turn.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { FirstBytes } from './first-bytes.ts'
import { Line, type Waiting } from './line.ts'
import {
  LOOK_INTERVAL_MS,
  type Stranger,
  type StrangerPlace,
  StrangerPlaces,
  type StrangerPlacesLimits,
} from './stranger-places.ts'

/** How many are let through in one turn of the event loop. */
const PER_TURN = 8

/** How many bytes of all who wait may be there beyond those of each. */
const MORE_BYTES = 512 * 1024

export interface LineLimits {
  /** How many may wait. */
  readonly most: number
  /** As which part of all connections they may wait at most. */
  readonly partOfAll: number
  /** How many bytes each of them may have sent. Where all together have sent little more than that, one may send more. */
  readonly bytes: number
}

/** Somebody who has connected. */
export interface Newcomer extends Waiting, Stranger {
  readonly socket: Socket
  /** They have begun to speak: from here on they wait for this end. */
  readonly onBegun: () => void
  /** They say more than there is room for while they wait. */
  readonly onTooMuch: () => void
  /** It is their turn: what they have said is there to be read. */
  readonly onTurn: (place: StrangerPlace) => void
}

/** Somebody in the line. */
interface Arrival extends Newcomer {
  readonly firstBytes: FirstBytes
  /** How many bytes they have sent beyond those of each. */
  more: number
}

export class Entrance {
  readonly #line: Line<Arrival>
  readonly #places: StrangerPlaces
  readonly #bytes: number
  /** How many bytes all have sent beyond those of each. */
  #more = 0
  #looks: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined

  /** @param maxConnections - How many there may be of all. */
  constructor(places: StrangerPlacesLimits, { most, partOfAll, bytes }: LineLimits, maxConnections: number) {
    this.#line = new Line(Math.ceil(Math.min(most, maxConnections * partOfAll)))
    this.#bytes = bytes
    this.#places = new StrangerPlaces(places, () => this.#proceed())
  }

  /** Have somebody wait for their turn. */
  arrive(newcomer: Newcomer): void {
    const firstBytes = new FirstBytes(newcomer.socket, () => this.#heard(arrival))
    const arrival: Arrival = { ...newcomer, firstBytes, more: 0 }
    newcomer.socket.once('close', () => this.#leave(arrival))
    this.#line.join(arrival)
  }

  #heard(arrival: Arrival): void {
    this.#keep(arrival, Math.max(0, arrival.firstBytes.length - this.#bytes))
    if (arrival.more > 0 && this.#more > MORE_BYTES) {
      // It is nobody's turn any more, also before the connection has told that it is closed.
      this.#leave(arrival)
      arrival.onTooMuch()
      return
    }
    arrival.onBegun()
    this.#line.speak(arrival)
    this.#proceed()
  }

  #keep(arrival: Arrival, more: number): void {
    this.#more += more - arrival.more
    arrival.more = more
  }

  #leave(arrival: Arrival): void {
    this.#keep(arrival, 0)
    this.#line.leave(arrival)
  }

  /** Have somebody be a stranger again who was let in. @returns undefined if there is no place for them. */
  enterAgain(network: string, stranger: Stranger): StrangerPlace | undefined {
    return this.#hasPlace(network) ? this.#enter(network, stranger) : undefined
  }

  /** Turn away who waits in line. Those who have a place stay. */
  close(): void {
    this.#line.clear()
  }

  #enter(network: string, stranger: Stranger): StrangerPlace {
    this.#looks ??= setInterval(() => this.#look(), LOOK_INTERVAL_MS)
    return this.#places.enter(network, stranger)
  }

  #look(): void {
    this.#places.look(this.#line.ready > 0)
    this.#proceed()
    if (this.#places.size > 0 || this.#line.ready > 0) return
    clearInterval(this.#looks)
    this.#looks = undefined
  }

  /** Let through who can be, before this turn of the event loop ends. */
  #proceed(): void {
    if (this.#line.ready > 0) this.#turn ??= setImmediate(() => this.#letThrough())
  }

  #letThrough(): void {
    this.#turn = undefined
    for (let count = 0; count < PER_TURN; count += 1) {
      // Before the networks are asked for one by one: there may be a thousand, each look.
      if (!this.#places.isOpen) return
      const next = this.#line.next((network) => this.#hasPlace(network))
      if (next === undefined) return
      this.#keep(next, 0)
      const place = this.#enter(next.network, next)
      next.firstBytes.putBack()
      next.onTurn(place)
    }
    this.#proceed()
  }

  #hasPlace(network: string): boolean {
    return this.#places.hasPlace(network) || this.#places.makeRoom(network)
  }
}

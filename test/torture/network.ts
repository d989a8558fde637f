/**
 * The simulated network: connections that keep the order of packets, as gRPC's do, until they are cut. A cut loses what
 * is under way from some point on; each end is notified later, or not at all. Connections overtake each other. An
 * adversary on the way loses, repeats, changes and swaps packets.
 *
 * @module
 */
import type { Hello, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import type { World } from './world.ts'

export type Packet =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'welcome'; readonly welcome: Welcome }
  | { readonly kind: 'record'; readonly record: Uint8Array }

/** The receiver of the packets that come to one end of a connection. */
export interface Receiver {
  take(packet: Packet): void
  /** The connection has ended: no packet comes any more. */
  ended(): void
}

/** One direction of a connection. */
class Pipe {
  receiver: Receiver | undefined
  #isTampered = false
  readonly #world: World
  #isOpen = true
  #lastAtMs = 0
  #sent = 0
  #delivered = 0
  #lostFrom = Number.POSITIVE_INFINITY
  #overtaken: Packet | undefined

  constructor(world: World) {
    this.#world = world
  }

  get isTampered(): boolean {
    return this.#isTampered
  }

  send(packet: Packet): void {
    if (!this.#isOpen) return
    const { random, faults } = this.#world
    if (!random.chance(faults.tampered)) this.#pass(packet)
    else this.#tamper(packet)
    const overtaken = this.#overtaken
    if (overtaken === undefined || overtaken === packet) return
    this.#overtaken = undefined
    this.#pass(overtaken)
  }

  #tamper(packet: Packet): void {
    const { random, counters } = this.#world
    this.#isTampered = true
    counters.tampered += 1
    const how = random.pick(['lose', 'repeat', 'swap', 'change'])
    if (how === 'swap') this.#overtaken = packet
    if (how === 'repeat') for (let copies = 0; copies < 2; copies += 1) this.#pass(packet)
    if (how === 'change')
      this.#pass(packet.kind === 'record' ? { kind: 'record', record: this.#changed(packet.record) } : packet)
  }

  #changed(record: Uint8Array): Uint8Array {
    const changed = Uint8Array.from(record)
    const place = this.#world.random.between(0, record.length - 1)
    changed[place] = (record[place] ?? 0) ^ 1
    return changed
  }

  #pass(packet: Packet): void {
    const number = this.#sent++
    this.#schedule(() => {
      if (number >= this.#lostFrom) return
      this.#delivered += 1
      this.receiver?.take(packet)
    })
  }

  /** Do something after all that is under way has arrived. */
  #schedule(run: () => void): void {
    const { random, timeline, faults } = this.#world
    const nowMs = timeline.monotonicMs()
    this.#lastAtMs = Math.max(this.#lastAtMs, nowMs + random.fraction() * faults.delayMs)
    timeline.after(this.#lastAtMs - nowMs, run)
  }

  /** Close the pipe: packets under way still arrive. */
  end(isNotified: boolean): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (isNotified) this.#schedule(() => this.receiver?.ended())
  }

  cut(isNotified: boolean): void {
    if (!this.#isOpen) return
    this.#lostFrom = this.#world.random.between(this.#delivered, this.#sent)
    this.end(isNotified)
  }
}

/** One end of a connection: an outgoing and an incoming pipe. */
export class ConnectionEnd {
  readonly #connection: Connection
  readonly #out: Pipe
  readonly #in: Pipe

  constructor(connection: Connection, out: Pipe, incoming: Pipe) {
    this.#connection = connection
    this.#out = out
    this.#in = incoming
  }

  get isTampered(): boolean {
    return this.#connection.isTampered
  }

  listen(receiver: Receiver): void {
    this.#in.receiver = receiver
  }

  send(packet: Packet): void {
    this.#out.send(packet)
  }

  /** Close the outgoing pipe. */
  end(): void {
    this.#out.end(true)
  }

  /** Close the outgoing pipe, and ignore the incoming one. */
  drop(isNotified = true): void {
    this.#in.receiver = undefined
    this.#out.end(isNotified)
  }
}

export class Connection {
  readonly caller: ConnectionEnd
  readonly host: ConnectionEnd
  readonly #pipes: readonly [Pipe, Pipe]

  constructor(world: World) {
    const [there, back] = [new Pipe(world), new Pipe(world)]
    this.#pipes = [there, back]
    this.caller = new ConnectionEnd(this, there, back)
    this.host = new ConnectionEnd(this, back, there)
    const { random, timeline, faults, counters } = world
    counters.connections += 1
    const lastsMs = random.wait(faults.cutAfterMs)
    if (lastsMs === Number.POSITIVE_INFINITY) return
    timeline.after(lastsMs, () => {
      if (world.isFaultFree) return
      counters.cuts += 1
      for (const pipe of this.#pipes) pipe.cut(!random.chance(faults.silentCuts))
    })
  }

  get isTampered(): boolean {
    return this.#pipes.some((pipe) => pipe.isTampered)
  }
}

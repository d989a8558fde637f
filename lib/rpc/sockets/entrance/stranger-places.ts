/**
 * The places of callers who have not been let in, for as long as they are strangers.
 *
 * Nobody has to leave because others come: newcomers wait in line (line.ts). While somebody does, those make room who have
 * made this end wait for too long: nothing has come of them for so long, or they have been here for several times as long
 * whatever came, a byte now and then. What counts is how often this end has looked, and had read all that had come before
 * that: who waits for this end, because it has much to do, has not made it wait. Of those who have to, one goes who is of
 * the network that has most places: a crowd drives out its own.
 *
 * How long is too long follows from who comes. As long as enough of those who leave were let in, it is
 * {@link LONGEST_SILENT_LOOKS}, more than a slow way takes there and back. While most have to make room for other networks,
 * somebody fills the places from many and says nothing: it becomes shorter with each, down to
 * {@link SHORTEST_SILENT_LOOKS}, so that the places change hands as quickly as this end can serve them. Who makes room for
 * their own network shortens nothing: a crowd behind one address may be slow itself, and would be driven out for ever.
 *
 * Callers who are vouched for have places beside the others, which nobody has to leave; where these are full, they stay
 * among the others.
 *
 * @module
 */

export interface StrangerPlacesLimits {
  /** How many there are. */
  readonly places: number
  /** How many of them one network may have, as {@link networkOf} has it. */
  readonly placesPerNetwork: number
  /** How many there are beside them for who is vouched for. */
  readonly vouchedPlaces: number
}

/** How often all are looked at, in milliseconds: a look at 96 of them takes less than a tenth of one. */
export const LOOK_INTERVAL_MS = 25

/**
 * How many looks nothing may have come of somebody while others wait: 2 s at the most; and 400 ms, in which 64 handshakes
 * of TLS take a core some 300.
 */
export const [LONGEST_SILENT_LOOKS, SHORTEST_SILENT_LOOKS] = [80, 16]

/** How many times as long they may have been here: TLS, HTTP/2 and a request are an answer each. */
export const STAY_FACTOR = 3

/** How much shorter that becomes with each who makes room for another network, and longer with each who is let in or vouched for. */
const [SHORTER, LONGER] = [0.9, 1.25]

/** How much longer with each look at which nobody waits: after two seconds it is what it was. */
const LONGER_AT_REST = 1.05

/** Somebody who has a place. */
export interface Stranger {
  /** How many bytes of them have come. */
  readonly received: () => number
  /** They have to make room. They have left by then. */
  readonly onEvicted: () => void
}

export class StrangerPlaces {
  readonly #limits: StrangerPlacesLimits
  readonly #byNetwork = new Map<string, Set<StrangerPlace>>()
  readonly #vouched = new Set<StrangerPlace>()
  readonly #onFree: () => void
  #size = 0
  #silentLooks = LONGEST_SILENT_LOOKS

  /** @param onFree - There may be a place where there was none. */
  constructor(limits: StrangerPlacesLimits, onFree: () => void) {
    this.#limits = limits
    this.#onFree = onFree
  }

  /** How many have a place, but for those who are vouched for. */
  get size(): number {
    return this.#size
  }

  /** For how many looks nothing may have come of somebody now, while others wait. */
  get silentLooks(): number {
    return Math.ceil(this.#silentLooks)
  }

  /** Whether there is a place for some, or can be: if not, nobody needs to be asked for by their network. */
  get isOpen(): boolean {
    if (this.#size < this.#limits.places) return true
    return this.#byNetwork.values().some((places) => places.values().some((place) => this.#isTooLong(place)))
  }

  /** Whether there is a place for one of a network. */
  hasPlace(network: string): boolean {
    return this.#size < this.#limits.places && this.#sizeOf(network) < this.#limits.placesPerNetwork
  }

  /** Take a place, which there has to be. */
  enter(network: string, stranger: Stranger): StrangerPlace {
    const place: StrangerPlace = new StrangerPlace(stranger, {
      leave: () => this.#leave(network, place),
      vouch: (isVouchedFor) => this.#vouch(network, place, isVouchedFor),
      letIn: () => this.#adapt(LONGER),
    })
    this.#add(network, place)
    return place
  }

  /** Look at all. @param isAwaited - Whether somebody waits for a place. */
  look(isAwaited: boolean): void {
    for (const places of this.#byNetwork.values()) for (const place of places) place.look()
    if (!isAwaited) this.#adapt(LONGER_AT_REST)
  }

  /** Have somebody make room for one of a network. @returns false if nobody has to. */
  makeRoom(network: string): boolean {
    const isOwn = this.#sizeOf(network) >= this.#limits.placesPerNetwork
    const among = isOwn ? [[network, this.#byNetwork.get(network) ?? []] as const] : this.#fullestFirst()
    for (const [of, places] of among) {
      const late = [...places].filter((place) => this.#isTooLong(place))
      const [first, ...others] = late
      if (first === undefined) continue
      others.reduce((most, place) => (place.silentLooks > most.silentLooks ? place : most), first).evict()
      if (of !== network) this.#adapt(SHORTER)
      return true
    }
    return false
  }

  #isTooLong({ silentLooks, looks }: StrangerPlace): boolean {
    return silentLooks >= this.silentLooks || looks >= STAY_FACTOR * this.silentLooks
  }

  #adapt(factor: number): void {
    const looks = this.#silentLooks * factor
    this.#silentLooks = Math.min(LONGEST_SILENT_LOOKS, Math.max(SHORTEST_SILENT_LOOKS, looks))
  }

  #add(network: string, place: StrangerPlace): void {
    this.#byNetwork.set(network, (this.#byNetwork.get(network) ?? new Set()).add(place))
    this.#size += 1
  }

  #vouch(network: string, place: StrangerPlace, isVouchedFor: boolean): void {
    if (isVouchedFor === this.#vouched.has(place)) return
    if (isVouchedFor && this.#vouched.size >= this.#limits.vouchedPlaces) return
    this.#leave(network, place)
    if (isVouchedFor) {
      this.#vouched.add(place)
      this.#adapt(LONGER)
    } else if (this.hasPlace(network) || this.makeRoom(network)) this.#add(network, place)
    else place.evict()
  }

  #leave(network: string, place: StrangerPlace): void {
    this.#vouched.delete(place)
    const places = this.#byNetwork.get(network)
    if (!places?.delete(place)) return
    this.#size -= 1
    if (places.size === 0) this.#byNetwork.delete(network)
    this.#onFree()
  }

  #sizeOf(network: string): number {
    return this.#byNetwork.get(network)?.size ?? 0
  }

  #fullestFirst(): [string, Set<StrangerPlace>][] {
    return [...this.#byNetwork].sort(([, a], [, b]) => b.size - a.size)
  }
}

/** What is done for a place. */
interface PlaceKeeper {
  readonly leave: () => void
  readonly vouch: (isVouchedFor: boolean) => void
  readonly letIn: () => void
}

export class StrangerPlace {
  readonly #stranger: Stranger
  readonly #keeper: PlaceKeeper
  #received: number
  #hasLeft = false
  /** How often somebody has looked. */
  looks = 0
  /** How many times in the end nothing more had come. */
  silentLooks = 0

  constructor(stranger: Stranger, keeper: PlaceKeeper) {
    this.#stranger = stranger
    this.#keeper = keeper
    this.#received = stranger.received()
  }

  look(): void {
    const received = this.#stranger.received()
    this.silentLooks = received === this.#received ? this.silentLooks + 1 : 0
    this.#received = received
    this.looks += 1
  }

  /** Note whether nobody may make them leave. */
  vouch(isVouchedFor: boolean): void {
    if (!this.#hasLeft) this.#keeper.vouch(isVouchedFor)
  }

  /** They are no stranger any more. */
  letIn(): void {
    if (!this.#hasLeft) this.#keeper.letIn()
    this.leave()
  }

  /** They have gone. Harmless the second time. */
  leave(): void {
    this.#hasLeft = true
    this.#keeper.leave()
  }

  evict(): void {
    this.leave()
    this.#stranger.onEvicted()
  }
}

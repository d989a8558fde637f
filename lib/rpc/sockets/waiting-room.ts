/**
 * A room that callers share who have not been let in, so that nobody can fill it for the others: of their calls, and of those
 * at the door who have not said where they want. Connections, which cost a handshake, wait in line (entrance/).
 *
 * Everybody who comes may wait. If the room is full, the one who has waited longest leaves, of the same network or of
 * the network that has most places: a crowd drives out its own, and the newest has as long as the others take to fill
 * the room once more. Callers who are vouched for wait in a part of the room that nobody has to leave; where that part
 * is full, they stay among the others.
 *
 * A room may give everybody a little time before they can be made to leave, and turn newcomers away instead: otherwise
 * ten thousand who come at the same moment drive each other out, and nobody ever gets through.
 *
 * @module
 */

export interface RoomLimits {
  /** How many may wait. */
  readonly places: number
  /** How many of them of one network, as {@link networkOf} has it. */
  readonly placesPerNetwork: number
  /** How many may wait beside them who are vouched for. */
  readonly vouchedPlaces: number
  /** How long nobody has to leave after they came, in milliseconds; 0 unless set. */
  readonly graceMs?: number
}

export class WaitingRoom {
  readonly #limits: RoomLimits
  /** The places by network; those who have waited longest come first. */
  readonly #byNetwork = new Map<string, Set<Place>>()
  readonly #vouched = new Set<Place>()

  constructor(limits: RoomLimits) {
    this.#limits = limits
  }

  /**
   * Let somebody wait.
   *
   * @param onEvicted - They have to make room. They have left by then.
   * @returns undefined if there is no room but that of those who have only just come.
   */
  enter(network: string, onEvicted: () => void): Place | undefined {
    if (!this.#makeRoom(network)) return undefined
    const place: Place = new Place(onEvicted, {
      leave: () => this.#leave(network, place),
      vouch: (isVouchedFor) => this.#vouch(network, place, isVouchedFor),
    })
    this.#add(network, place)
    return place
  }

  #add(network: string, place: Place): void {
    this.#byNetwork.set(network, (this.#byNetwork.get(network) ?? new Set()).add(place))
  }

  #vouch(network: string, place: Place, isVouchedFor: boolean): void {
    if (isVouchedFor === this.#vouched.has(place)) return
    if (isVouchedFor && this.#vouched.size >= this.#limits.vouchedPlaces) return
    this.#leave(network, place)
    if (isVouchedFor) this.#vouched.add(place)
    else if (this.#makeRoom(network)) this.#add(network, place)
    else place.evict()
  }

  #leave(network: string, place: Place): void {
    this.#vouched.delete(place)
    const places = this.#byNetwork.get(network)
    places?.delete(place)
    if (places?.size === 0) this.#byNetwork.delete(network)
  }

  /** Have somebody leave where there is no room for one of this network. @returns false if nobody has to. */
  #makeRoom(network: string): boolean {
    const own = this.#byNetwork.get(network)
    if (own !== undefined && own.size >= this.#limits.placesPerNetwork) return this.#evictFirst(own)
    return this.#size < this.#limits.places || this.#evictFirst(this.#fullest())
  }

  #evictFirst(places: ReadonlySet<Place>): boolean {
    const [first] = places
    const { graceMs = 0 } = this.#limits
    if (first === undefined || first.enteredAtMs > performance.now() - graceMs) return false
    first.evict()
    return true
  }

  get #size(): number {
    return this.#byNetwork.values().reduce((sum, { size }) => sum + size, 0)
  }

  /** The places of the network that has most of them. */
  #fullest(): Set<Place> {
    return this.#byNetwork.values().reduce((most, places) => (places.size > most.size ? places : most))
  }
}

/** What a room does for a place in it. */
interface PlaceKeeper {
  readonly leave: () => void
  readonly vouch: (isVouchedFor: boolean) => void
}

/** The place of one who waits. */
export class Place {
  /** On the monotonic clock. */
  readonly enteredAtMs = performance.now()
  readonly #onEvicted: () => void
  readonly #keeper: PlaceKeeper
  #hasLeft = false

  constructor(onEvicted: () => void, keeper: PlaceKeeper) {
    this.#onEvicted = onEvicted
    this.#keeper = keeper
  }

  /** Note whether others go first where somebody has to make room. */
  vouch(isVouchedFor: boolean): void {
    if (!this.#hasLeft) this.#keeper.vouch(isVouchedFor)
  }

  /** Leave the room: they were let in, or have gone away. Harmless the second time. */
  leave(): void {
    this.#hasLeft = true
    this.#keeper.leave()
  }

  evict(): void {
    this.leave()
    this.#onEvicted()
  }
}

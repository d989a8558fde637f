/**
 * The room that callers share who have not been let in, so that nobody can fill it for the others.
 *
 * Everybody who comes may wait. If the room is full, the one who has waited longest leaves, of the same network or of
 * the network that has most places: a crowd drives out its own, and the newest has as long as the others take to fill
 * the room once more. Callers who were vouched for stay as long as there is anybody else to leave.
 *
 * A room may give everybody a little time before they can be made to leave, and turn newcomers away instead: otherwise
 * ten thousand who come back at the same moment drive each other out, and nobody ever gets in.
 *
 * @module
 */

export interface RoomLimits {
  /** How many may wait. */
  readonly places: number
  /** How many of them of one network, as {@link networkOf} has it. */
  readonly placesPerNetwork: number
  /** How long nobody has to leave after they came, in milliseconds; 0 unless set. */
  readonly graceMs?: number
}

export class WaitingRoom {
  readonly #limits: RoomLimits
  /** The places by network; those who have waited longest come first. */
  readonly #byNetwork = new Map<string, Set<Place>>()

  constructor(limits: RoomLimits) {
    this.#limits = limits
  }

  /**
   * Let somebody wait.
   *
   * @param onEvicted - They have to make room. They have left by then.
   * @returns undefined if there is no room but that of those who were vouched for, or have only just come.
   */
  enter(network: string, onEvicted: () => void): Place | undefined {
    const own = this.#byNetwork.get(network) ?? new Set()
    if (own.size >= this.#limits.placesPerNetwork && !this.#evictOneOf(own)) return undefined
    if (this.#size >= this.#limits.places && !this.#evictOneOf(this.#fullest())) return undefined
    const place = new Place(onEvicted, () => this.#leave(network, place))
    this.#byNetwork.set(network, (this.#byNetwork.get(network) ?? new Set()).add(place))
    return place
  }

  #leave(network: string, place: Place): void {
    const places = this.#byNetwork.get(network)
    places?.delete(place)
    if (places?.size === 0) this.#byNetwork.delete(network)
  }

  #evictOneOf(places: Iterable<Place>): boolean {
    const { graceMs = 0 } = this.#limits
    const latestMs = performance.now() - graceMs
    for (const place of places) {
      if (place.isVouchedFor) continue
      // Those behind it came later.
      if (place.enteredAtMs > latestMs) return false
      place.evict()
      return true
    }
    return false
  }

  get #size(): number {
    return this.#byNetwork.values().reduce((sum, { size }) => sum + size, 0)
  }

  /** The places, of those not vouched for, in the network that has most of them. */
  #fullest(): Iterable<Place> {
    const [fullest = []] = [...this.#byNetwork.values()]
      .map((places) => [...places].filter(({ isVouchedFor }) => !isVouchedFor))
      .sort((one, other) => other.length - one.length)
    return fullest
  }
}

/** The place of one who waits. */
export class Place {
  /** Whether others go first where somebody has to make room. */
  isVouchedFor = false
  /** On the monotonic clock. */
  readonly enteredAtMs = performance.now()
  readonly #onEvicted: () => void
  readonly #onLeft: () => void

  constructor(onEvicted: () => void, onLeft: () => void) {
    this.#onEvicted = onEvicted
    this.#onLeft = onLeft
  }

  /** Leave the room: they were let in, or have gone away. Harmless the second time. */
  leave(): void {
    this.#onLeft()
  }

  evict(): void {
    this.#onLeft()
    this.#onEvicted()
  }
}

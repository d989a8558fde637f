/**
 * Places for a number of connections, and no more than so many of them from one network.
 *
 * @module
 */

export class Places {
  readonly #places: number
  readonly #placesPerNetwork: number
  readonly #byNetwork = new Map<string, number>()
  #taken = 0

  constructor(places: number, placesPerNetwork: number) {
    this.#places = places
    this.#placesPerNetwork = placesPerNetwork
  }

  /** Take a place. @returns false if there is none. */
  enter(network: string): boolean {
    const own = this.#byNetwork.get(network) ?? 0
    if (this.#taken >= this.#places || own >= this.#placesPerNetwork) return false
    this.#taken += 1
    this.#byNetwork.set(network, own + 1)
    return true
  }

  /** Leave a place that was taken. */
  leave(network: string): void {
    this.#taken -= 1
    const left = (this.#byNetwork.get(network) ?? 1) - 1
    if (left === 0) this.#byNetwork.delete(network)
    else this.#byNetwork.set(network, left)
  }
}

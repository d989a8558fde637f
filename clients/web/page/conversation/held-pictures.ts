/**
 * The pictures that the page holds, by the ids of their transfers: those that were drawn last. No fewer than there are
 * messages on the page, or one that is drawn would go for another, and be fetched again for as long as both are there.
 *
 * @module
 */

export class HeldPictures {
  readonly #most: number
  readonly #release: (address: string) => void
  /** Their addresses, the one that was drawn longest ago first; undefined while they are fetched, and of what is none. */
  readonly #addresses = new Map<string, string | undefined>()

  /** @param release - Lets go of a picture that is held no more. */
  constructor(most: number, release: (address: string) => void) {
    this.#most = most
    this.#release = release
  }

  /**
   * One is drawn.
   *
   * @param fetch - Called where nothing is known of it yet.
   * @returns its address; undefined if there is none, or not yet.
   */
  draw(id: string, fetch: () => void): string | undefined {
    const isKnown = this.#addresses.has(id)
    const address = this.#addresses.get(id)
    this.#put(id, address)
    if (!isKnown) fetch()
    return address
  }

  /** One was fetched; it takes the place of one that was fetched before. */
  add(id: string, address: string): void {
    const former = this.#addresses.get(id)
    if (former !== undefined) this.#release(former)
    this.#put(id, address)
  }

  #put(id: string, address: string | undefined): void {
    this.#addresses.delete(id)
    this.#addresses.set(id, address)
    const [oldest] = this.#addresses
    if (oldest === undefined || this.#addresses.size <= this.#most) return
    const [oldestId, former] = oldest
    this.#addresses.delete(oldestId)
    if (former !== undefined) this.#release(former)
  }
}

/**
 * The last report of each transfer, kept for as long as it may matter: the other side makes as many transfers as it
 * likes, and the program runs for months.
 *
 * @module
 */

/** How many are remembered: more than anybody has under way. Of an older one a line may come twice. */
export const MOST_RECENT = 1_000

export class Recent<T> {
  /** The entries by the id of the transfer, the one last reported at the end. */
  readonly #all = new Map<string, T>()

  get(id: string): T | undefined {
    return this.#all.get(id)
  }

  /** Note it as the newest; the oldest beyond {@link MOST_RECENT} is forgotten. */
  set(id: string, value: T): void {
    this.#all.delete(id)
    this.#all.set(id, value)
    const [oldest] = this.#all.keys()
    if (this.#all.size > MOST_RECENT && oldest !== undefined) this.#all.delete(oldest)
  }
}

/**
 * A budget of bytes, of which parts are taken: calls, or budgets of some calls.
 *
 * @module
 */
/** Differences that count for nothing, in bytes: of two that hold as much, the one that has been there longer goes first. */
const GRAIN_BYTES = 4 * 1024

/** What can be made to hold nothing. */
export interface Evictable {
  /** Have it go. It counts no more after that. */
  evict(): void
}

/** What takes a part of a budget. */
export interface Part {
  readonly bytes: number
  /** What in it is to go first; undefined if there is nothing. */
  largest(): Evictable | undefined
  /** Nothing of it is held any more. */
  end(): void
}

export class Budget implements Part {
  readonly #most: number
  readonly #parts = new Set<Part>()
  /** How much is taken. */
  bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  get isExceeded(): boolean {
    return this.bytes > this.#most
  }

  /** Whether nobody takes part in it, be it with nothing. */
  get isEmpty(): boolean {
    return this.#parts.size === 0
  }

  join(part: Part): void {
    this.#parts.add(part)
  }

  leave(part: Part): void {
    this.#parts.delete(part)
  }

  end(): void {
    for (const part of this.#parts) part.end()
  }

  largest(): Evictable | undefined {
    let [fullest, most] = [undefined as Part | undefined, 0]
    for (const part of this.#parts) {
      const grains = Math.ceil(part.bytes / GRAIN_BYTES)
      if (grains > most) [fullest, most] = [part, grains]
    }
    return fullest?.largest()
  }
}

/**
 * Token buckets, one for each of any number of keys, in bounded memory: how often something may happen, and how often at
 * once.
 *
 * A bucket is one number, the time at which it will be full again: the generic cell rate algorithm (ITU-T I.371, annex A).
 * One that is full is as good as none, so it is forgotten; where there are too many that are not, the one that was used
 * longest ago is.
 *
 * @module
 */

export interface Rate {
  /** How many a second, for good. */
  readonly perSecond: number
  /** How many at once, after some time without any. */
  readonly burst: number
}

/** The memory that a bucket takes at most, with its key, in bytes: measured by the tests. */
export const BUCKET_BYTES = 256

export class TokenBuckets {
  readonly #most: number
  readonly #nowMs: () => number
  /** When each bucket is full again. The one that was used longest ago comes first. */
  readonly #fullAtMs = new Map<string, number>()

  /**
   * @param maxBytes - The memory for all of them.
   * @param nowMs - The monotonic clock, in milliseconds.
   */
  constructor(maxBytes: number, nowMs: () => number) {
    this.#most = Math.floor(maxBytes / BUCKET_BYTES)
    this.#nowMs = nowMs
  }

  /** How many are kept. */
  get sizeForTest(): number {
    return this.#fullAtMs.size
  }

  /**
   * Take a token, or several together.
   *
   * @param key - Whose; at most 128 characters of ASCII.
   * @param count - How many: all of them or none; no more than the burst, or they never come.
   * @returns undefined; or if there are too few, after how many milliseconds there will be enough.
   */
  take(key: string, { perSecond, burst }: Rate, count = 1): number | undefined {
    const nowMs = this.#nowMs()
    const intervalMs = 1_000 / perSecond
    const known = this.#fullAtMs.get(key)
    const fullAtMs = Math.max(known ?? nowMs, nowMs) + count * intervalMs
    const waitMs = fullAtMs - nowMs - burst * intervalMs
    // What is added up of fractions may be a little more than it should be.
    if (waitMs > intervalMs / 1e6) return waitMs
    if (known === undefined) this.#makeRoom(nowMs)
    else this.#fullAtMs.delete(key)
    this.#fullAtMs.set(key, fullAtMs)
    return undefined
  }

  /** For each that comes two may go, so that the full ones do not pile up. */
  #makeRoom(nowMs: number): void {
    let looked = 0
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (looked === 2 || (fullAtMs > nowMs && this.#fullAtMs.size < this.#most)) return
      this.#fullAtMs.delete(key)
      looked += 1
    }
  }
}

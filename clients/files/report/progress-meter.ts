/**
 * Measures the rate of something, and the time left, by the progress of the last few seconds, so that a pause is seen
 * soon and a single slow moment is not.
 *
 * Time comes in as an argument, in milliseconds of a clock that never jumps.
 *
 * @module
 */

/** The window of the measuring, in milliseconds: older progress says nothing about now. */
export const WINDOW_MS = 5_000

/** The time before anything is reported, in milliseconds: the first pieces come in a rush. */
export const SETTLING_MS = 500

/** Points in time are kept no closer together, so that there are few of them however often progress is told. */
const SPACING_MS = 100

interface Point {
  readonly atMs: number
  readonly done: number
}

export class ProgressMeter {
  readonly #total: number
  /** The oldest first: the first is the newest that is out of the window, or else the beginning. */
  #points: Point[] = []

  /** @param total - In bytes. */
  constructor(total: number) {
    this.#total = total
  }

  /**
   * Note the progress so far.
   *
   * @param done - In bytes, of the total. Where it is less than before, the measuring begins anew.
   */
  note(done: number, nowMs: number): void {
    const last = this.#points.at(-1)
    if (last !== undefined && done < last.done) this.#points = []
    const before = this.#points.at(-2)
    if (before !== undefined && nowMs - before.atMs < SPACING_MS) this.#points.pop()
    this.#points.push({ atMs: nowMs, done })
    this.#forget(nowMs)
  }

  #forget(nowMs: number): void {
    const firstInside = this.#points.findIndex(({ atMs }) => atMs > nowMs - WINDOW_MS)
    const kept = firstInside === -1 ? this.#points.length - 1 : firstInside - 1
    if (kept > 0) this.#points.splice(0, kept)
  }

  /** The rate in bytes a second; undefined while too little is known. */
  rate(nowMs: number): number | undefined {
    this.#forget(nowMs)
    const [first] = this.#points
    const last = this.#points.at(-1)
    if (first === undefined || last === undefined || nowMs - first.atMs < SETTLING_MS) return undefined
    return ((last.done - first.done) * 1_000) / (nowMs - first.atMs)
  }

  /** How long the rest will take; undefined while that is unknown, or nothing goes on. */
  remainingMs(nowMs: number): number | undefined {
    const rate = this.rate(nowMs)
    const done = this.#points.at(-1)?.done
    if (rate === undefined || rate === 0 || done === undefined) return undefined
    return ((this.#total - done) * 1_000) / rate
  }
}

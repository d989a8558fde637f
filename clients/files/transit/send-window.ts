/**
 * The limit of the bytes of files that may be on their way at once.
 *
 * It is enough for the link never to run dry, and little more, since the next message waits behind those bytes: as much
 * as the link carries in its shortest round trip and {@link QUEUE_MS} more, both as measured.
 *
 * Time comes in as an argument, in milliseconds of a clock that never jumps.
 *
 * @module
 */
import { MAX_CHUNK_BYTES } from '#lib/delivery/limits.ts'

/** The least that may be on its way: one piece at the far end, one on its way there. */
export const LEAST_WINDOW_BYTES = 2 * MAX_CHUNK_BYTES

/** The most. It is half of what the other end must put up with (docs/protocol.md, section 6.8). */
export const MOST_WINDOW_BYTES = 8 * 1024 * 1024

/** How long what is on its way may stand in queues, in milliseconds: no more than what somebody says may wait. */
const QUEUE_MS = 100

/** The time after which a measurement says nothing about now, in milliseconds. */
const MEMORY_MS = 1_000

interface Mark {
  readonly atMs: number
  /** How many bytes in all. */
  readonly total: number
}

export class SendWindow {
  #sentBytes = 0
  #acknowledgedBytes = 0
  /** The times at which parts were sent, until they are acknowledged. */
  #sentMarks: Mark[] = []
  /** The times at which parts were acknowledged, the oldest first; the first is the beginning. */
  #acknowledgedMarks: Mark[] = []
  #leastRoundTripMs = Number.POSITIVE_INFINITY
  /** The window in bytes. */
  #window = LEAST_WINDOW_BYTES

  /** Whether one more piece may go: as long as the window is not full, so that a part of a piece makes it grow. */
  get hasRoom(): boolean {
    return this.#sentBytes - this.#acknowledgedBytes < this.#window
  }

  /** A piece goes. */
  sent(bytes: number, nowMs: number): void {
    // After a pause, what came before it says nothing of the rate.
    if (this.#sentBytes === this.#acknowledgedBytes)
      this.#acknowledgedMarks = [{ atMs: nowMs, total: this.#acknowledgedBytes }]
    this.#sentBytes += bytes
    this.#sentMarks.push({ atMs: nowMs, total: this.#sentBytes })
  }

  /** The other end has so much more. */
  acknowledged(bytes: number, nowMs: number): void {
    this.#acknowledgedBytes += bytes
    this.#markAcknowledged(nowMs)
    for (
      let [first] = this.#sentMarks;
      first !== undefined && first.total <= this.#acknowledgedBytes;
      [first] = this.#sentMarks
    ) {
      this.#leastRoundTripMs = Math.min(this.#leastRoundTripMs, nowMs - first.atMs)
      this.#sentMarks.shift()
    }
    while (this.#acknowledgedMarks.length > 2 && (this.#acknowledgedMarks[1] as Mark).atMs < nowMs - MEMORY_MS)
      this.#acknowledgedMarks.shift()
    this.#measure()
  }

  /**
   * Mark what was acknowledged, once a millisecond: otherwise a peer that acknowledges byte by byte could make each
   * byte mean a walk over thousands of marks.
   */
  #markAcknowledged(nowMs: number): void {
    const before = this.#acknowledgedMarks.at(-2)
    if (before !== undefined && nowMs - before.atMs < 1) this.#acknowledgedMarks.pop()
    this.#acknowledgedMarks.push({ atMs: nowMs, total: this.#acknowledgedBytes })
  }

  #measure(): void {
    const [first, last] = [this.#acknowledgedMarks[0], this.#acknowledgedMarks.at(-1)]
    if (first === undefined || last === undefined || this.#leastRoundTripMs === Number.POSITIVE_INFINITY) return
    const bytesPerMs = (last.total - first.total) / Math.max(1, last.atMs - first.atMs)
    const wanted = bytesPerMs * (this.#leastRoundTripMs + QUEUE_MS)
    this.#window = Math.min(MOST_WINDOW_BYTES, Math.max(LEAST_WINDOW_BYTES, wanted))
  }

  /** Drop bytes that were sent and will never be acknowledged: their transfer is over. */
  drop(bytes: number): void {
    this.#acknowledgedBytes += bytes
    this.#acknowledgedMarks = []
    this.#sentMarks = this.#sentMarks.filter(({ total }) => total > this.#acknowledgedBytes)
  }
}

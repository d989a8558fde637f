/**
 * The limit of the bytes of files that may be on their way at once.
 *
 * It is enough for the link never to run dry, and little more, since the next message waits behind those bytes: as much
 * as the link carries in its shortest round trip and {@link QUEUE_MS} more, both as measured. What it carries is the most
 * that was acknowledged in the round trip of a piece, of late. In the beginning nobody knows: the limit grows with each
 * round trip for as long as more comes back, as in BBR (draft-cardwell-iccrg-bbr-congestion-control); after a pause too, but
 * from the limit that there was. A link that has become slower since is met as one that does so in the middle of a file.
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

/** How long what is on its way may stand in queues, in milliseconds: what somebody says waits as long. */
const QUEUE_MS = 25

/** How long a rate counts that was measured, in milliseconds. */
const MEMORY_MS = 1_000

/** The longest pause behind which the limit is what it was before, in milliseconds. */
const LONGEST_PAUSE_MS = 60_000

/** The shortest round trip that can be told from none, in milliseconds. */
const LEAST_ROUND_TRIP_MS = 0.1

/** How much more than the link is known to carry may be on its way in the beginning. */
const START_GAIN = 4

/** How much faster the link must show to be in a round trip for the beginning to go on. */
const START_GROWTH = 1.25

interface Mark {
  readonly atMs: number
  /** How many bytes were sent in all, with this piece. */
  readonly total: number
  /** How many were acknowledged by then, and since when: what is acknowledged in lumps is not as fast as a lump comes. */
  readonly acknowledged: number
  readonly sinceMs: number
}

interface Rate {
  readonly atMs: number
  readonly bytesPerMs: number
}

export class SendWindow {
  #sentBytes = 0
  #acknowledgedBytes = 0
  #acknowledgedAtMs = 0
  /** The pieces that were sent, until they are acknowledged. */
  #marks: Mark[] = []
  /** The rates of late, each less than the one before it: the first is the most. */
  #rates: Rate[] = []
  #leastRoundTripMs = Number.POSITIVE_INFINITY
  #isStarting = true
  /** What was sent in all when this round trip began, and the rate that was known then. */
  #round = { total: 0, bytesPerMs: 0 }
  /** The window in bytes. */
  #window = LEAST_WINDOW_BYTES

  /** Whether one more piece may go: as long as the window is not full, so that a part of a piece makes it grow. */
  get hasRoom(): boolean {
    return this.#sentBytes - this.#acknowledgedBytes < this.#window
  }

  /** A piece goes. */
  sent(bytes: number, nowMs: number): void {
    // The first acknowledgements after a pause say little of the link, and what was measured before is out of date.
    const isIdle = this.#marks.length === 0
    const pauseMs = nowMs - this.#acknowledgedAtMs
    if (isIdle && pauseMs >= MEMORY_MS) this.#restart(pauseMs)
    this.#sentBytes += bytes
    const acknowledged = this.#acknowledgedBytes
    const sinceMs = isIdle ? nowMs : this.#acknowledgedAtMs
    this.#marks.push({ atMs: nowMs, total: this.#sentBytes, acknowledged, sinceMs })
  }

  /** The other end has so much more. */
  acknowledged(bytes: number, nowMs: number): void {
    this.#acknowledgedBytes += bytes
    const arrived = this.#marks.findIndex(({ total }) => total > this.#acknowledgedBytes)
    const marks = this.#marks.splice(0, arrived < 0 ? this.#marks.length : arrived)
    // The last of those that one word covers: it was on its way for the shortest time.
    const last = marks.at(-1)
    if (last === undefined) return
    this.#acknowledgedAtMs = nowMs
    this.#measure(last, nowMs)
    const { bytesPerMs } = this.#rates[0] as Rate
    if (this.#isStarting) this.#start(bytesPerMs)
    const wanted = this.#isStarting
      ? Math.max(this.#window, START_GAIN * bytesPerMs * this.#leastRoundTripMs)
      : bytesPerMs * (this.#leastRoundTripMs + QUEUE_MS)
    this.#window = Math.min(MOST_WINDOW_BYTES, Math.max(LEAST_WINDOW_BYTES, wanted))
  }

  #measure({ atMs, acknowledged, sinceMs }: Mark, nowMs: number): void {
    const roundTripMs = Math.max(LEAST_ROUND_TRIP_MS, nowMs - atMs)
    this.#leastRoundTripMs = Math.min(this.#leastRoundTripMs, roundTripMs)
    const bytesPerMs = (this.#acknowledgedBytes - acknowledged) / Math.max(roundTripMs, nowMs - sinceMs)
    const older = this.#rates.filter((rate) => rate.bytesPerMs > bytesPerMs && rate.atMs >= nowMs - MEMORY_MS)
    this.#rates = [...older, { atMs: nowMs, bytesPerMs }]
  }

  /** Begin again behind a pause. */
  #restart(pauseMs: number): void {
    this.#isStarting = true
    if (pauseMs > LONGEST_PAUSE_MS) this.#window = LEAST_WINDOW_BYTES
    this.#round = { total: this.#sentBytes, bytesPerMs: 0 }
  }

  /** See whether the beginning is over: a round trip has come to its end, and has shown the link to be no faster. */
  #start(bytesPerMs: number): void {
    if (this.#acknowledgedBytes < this.#round.total) return
    if (bytesPerMs < this.#round.bytesPerMs * START_GROWTH) this.#isStarting = false
    this.#round = { total: this.#sentBytes, bytesPerMs }
  }

  /** Drop bytes that were sent and will never be acknowledged: their transfer is over. */
  drop(bytes: number): void {
    this.#acknowledgedBytes += bytes
    this.#marks = this.#marks.filter(({ total }) => total > this.#acknowledgedBytes)
  }
}

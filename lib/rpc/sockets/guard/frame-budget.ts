/**
 * The budget of a connection for what is no content: frames and their heads, headers, padding, TLS.
 *
 * Node.js shows only some kinds of frames. How many bytes came over a connection it does show, and how many of them were
 * content; the difference is a bound on all other kinds at once, those to come too, and costs nothing while bytes flow.
 *
 * @module
 */
import { FRAMING_BURST_BYTES, FRAMING_BYTES_PER_SECOND } from './bounds.ts'

/** The part of the content that its frames may have on top: a record of 36 bytes in a frame of its own has as much. */
const PER_CONTENT = 1 / 4

/** What a call may have, in bytes: its headers, with a bearer that is never compressed, its frames, and TLS around them. */
const PER_CALL_BYTES = 1_024

/** The part of what was sent to the other end that it may answer by window updates: for each 32 KiB two of 13 bytes. */
const PER_SENT = 1 / 64

/** What came over a connection, and went, since the last time. */
export interface Traffic {
  /** In milliseconds. */
  readonly elapsedMs: number
  /** All bytes that came. */
  readonly received: number
  /** The bytes of them that were content of calls, gRPC's own heads of five bytes with them. */
  readonly content: number
  /** The bytes that may come, then or later, as content of a call that is over. */
  readonly late: number
  /** The calls that began. */
  readonly calls: number
  /** The bytes that went to the other end. */
  readonly sent: number
}

export class FrameBudget {
  #left = FRAMING_BURST_BYTES
  /** What may still come of calls that are over. */
  #late = 0

  /** Spend what the traffic since the last time costs. @returns what is left, in bytes, less than 0 if there was not enough. */
  spend({ elapsedMs, received, content, late, calls, sent }: Traffic): number {
    const allowed = content * (1 + PER_CONTENT) + calls * PER_CALL_BYTES + sent * PER_SENT
    const earned = (elapsedMs / 1_000) * FRAMING_BYTES_PER_SECOND
    const left = Math.min(FRAMING_BURST_BYTES, this.#left + earned + allowed - received)
    this.#late = Math.max(this.#late, late)
    const drawn = Math.min(this.#late, Math.max(0, -left))
    this.#late -= drawn
    this.#left = left + drawn
    return this.#left
  }
}

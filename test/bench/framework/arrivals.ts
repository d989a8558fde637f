/**
 * What the receiving end of a conversation counts: how many texts have come, when the last was there, and how long each
 * was under way that bears the time of its sending.
 *
 * @module
 */
import { sharedNowMs } from './serve-actor.ts'

/** The length of every text, in bytes. */
export const TEXT_BYTES = 100

const STAMP_CHARACTERS = 20

/** A text as long as people's are. */
export const TEXT = 'x'.repeat(TEXT_BYTES)

const ZERO = '0'.charCodeAt(0)

/** A text that bears the time at which it is said: it begins with a nought, and no other of a bench does. */
export function stampedText(): string {
  return String(process.hrtime.bigint()).padStart(STAMP_CHARACTERS, '0').padEnd(TEXT_BYTES, 'x')
}

/** The requests that a receiving actor answers from its arrivals. */
export interface ReceiveRequests {
  /** Count from now on. */
  begin: (expected: number) => void
  /** The time at which the last expected text was there. */
  done: () => Promise<number>
  /** How long each was under way, in microseconds: of texts that bear the time. */
  delays: () => number[]
}

export class Arrivals {
  #expected = 0
  #delays: number[] = []
  #complete = Promise.withResolvers<number>()

  readonly requests: ReceiveRequests & Record<keyof ReceiveRequests, (...args: never[]) => unknown> = {
    begin: (expected) => {
      this.#expected = expected
      this.#delays = []
      this.#complete = Promise.withResolvers()
    },
    done: () => this.#complete.promise,
    delays: () => this.#delays,
  }

  /** So many texts have come. */
  count(texts: number): void {
    this.#expected -= texts
    if (this.#expected <= 0) this.#complete.resolve(sharedNowMs())
  }

  /** A text has come, stamped or not: what a command says has no stamp. */
  take(body: Uint8Array): void {
    if (body[0] === ZERO) {
      const stamp = Buffer.from(body.buffer, body.byteOffset, STAMP_CHARACTERS).toString('latin1')
      this.#delays.push(Number(process.hrtime.bigint() - BigInt(stamp)) / 1e3)
    }
    this.count(1)
  }
}

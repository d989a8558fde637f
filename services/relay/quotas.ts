/**
 * What each account may use of a relay: conversations at once, and bytes a second.
 *
 * Bytes are a bucket that fills at the rate, up to what comes in a second. Whoever takes more than there is waits until it
 * is there again, and so does, by the flow control of HTTP/2, whoever sends them: nothing is refused or lost for it. Each
 * message counts for more than its bytes, or who sends small ones over many connections would keep the relay from others.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'

export interface QuotaLimits {
  /** Conversations of one account at once, its own calls and others' alike. */
  readonly conversations: number
  /** What an account may send, in bytes a second, over all its conversations; see {@link MESSAGE_BYTES}. */
  readonly bytesPerSecond: number
}

/**
 * What a message counts beside its bytes. Measured: one of 100 bytes takes the relay 36 µs, one of 60,000 takes 460: as
 * long as 4,600 bytes of it for the message, and 8 ns for each byte.
 */
export const MESSAGE_BYTES = 4 * 1024

/** The time after which somebody may try again who has too many conversations, in milliseconds. */
const RETRY_AFTER_MS = 10_000

/** What one conversation of an account uses, until it is disposed of. */
export interface Share extends Disposable {
  /** Note that the account has sent a message of so many bytes. @returns how long to wait until more is taken, in milliseconds. */
  spend(bytes: number): number
}

interface Usage {
  conversations: number
  /** What may be sent at once, in bytes; less than nothing where more was. */
  available: number
  /** When that was so, on the monotonic clock. */
  atMs: number
}

export class Quotas {
  readonly #limits: QuotaLimits
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #usages = new Map<string, Usage>()
  /** Accounts without a conversation whose bytes are not all there again; who has ended theirs first comes first. */
  readonly #resting = new Set<string>()

  constructor(limits: QuotaLimits, clock: Pick<Clock, 'monotonicMs'>) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Begin a conversation of an account. @throws SottoError `ERR_BUSY` if it has as many as it may. */
  begin(account: string): Share {
    const { conversations, bytesPerSecond } = this.#limits
    this.#forgetRested()
    const fresh = { conversations: 0, available: bytesPerSecond, atMs: this.#clock.monotonicMs() }
    const usage = this.#usages.get(account) ?? fresh
    if (usage.conversations >= conversations) {
      throw new SottoError('ERR_BUSY', 'the account has too many conversations', { retryAfterMs: RETRY_AFTER_MS })
    }
    usage.conversations += 1
    this.#usages.set(account, usage)
    this.#resting.delete(account)
    let isOver = false
    return {
      spend: (bytes) => this.#spend(usage, bytes),
      [Symbol.dispose]: () => {
        if (isOver) return
        isOver = true
        usage.conversations -= 1
        // Not forgotten yet: who ends a conversation and begins another gets no more by that.
        if (usage.conversations === 0) this.#resting.add(account)
        this.#forgetRested()
      },
    }
  }

  #spend(usage: Usage, bytes: number): number {
    this.#fill(usage)
    usage.available -= MESSAGE_BYTES + bytes
    return usage.available >= 0 ? 0 : (-usage.available / this.#limits.bytesPerSecond) * 1_000
  }

  #fill(usage: Usage): void {
    const { bytesPerSecond } = this.#limits
    const nowMs = this.#clock.monotonicMs()
    const filled = usage.available + ((nowMs - usage.atMs) / 1_000) * bytesPerSecond
    usage.available = Math.min(filled, bytesPerSecond)
    usage.atMs = nowMs
  }

  /** Forget those that have all their bytes again, up to the first that has not: whoever comes later looks on. */
  #forgetRested(): void {
    for (const account of this.#resting) {
      const usage = this.#usages.get(account) as Usage
      this.#fill(usage)
      if (usage.available < this.#limits.bytesPerSecond) return
      this.#resting.delete(account)
      this.#usages.delete(account)
    }
  }
}

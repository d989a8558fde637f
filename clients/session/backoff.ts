/**
 * The wait before trying again: it doubles, up to a limit, with jitter so that a hundred clients of a service that
 * comes back do not all call at the same moment.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import { isSottoError } from '#lib/errors.ts'

export interface BackoffOptions {
  /** The first wait at its longest, in milliseconds. */
  readonly firstMs: number
  /** No wait is longer, in milliseconds. */
  readonly longestMs: number
  /** A number from 0 up to but not including 1; `Math.random` unless a test says otherwise. */
  readonly random?: () => number
}

/** The longest time that the other end can make this one wait, in milliseconds: it may be wrong, or lie. */
export const LONGEST_ASKED_MS = 60_000

/** By which part of what the other end asks for a wait is longer at most. */
const SPREAD = 1 / 4

export class Backoff {
  readonly #options: Required<BackoffOptions>
  #nextMs: number

  constructor(options: BackoffOptions) {
    this.#options = { random: Math.random, ...options }
    this.#nextMs = options.firstMs
  }

  /** Begin with the shortest wait again: it worked. */
  reset(): void {
    this.#nextMs = this.#options.firstMs
  }

  /**
   * The next wait, in milliseconds: between half of what it may be at its longest and all of it, and no less than the
   * other end asks for, or up to a quarter more, as it asks the same of others, up to {@link LONGEST_ASKED_MS}.
   *
   * @param failure - What it is waited after.
   */
  nextMs(failure?: unknown): number {
    const askedMs = isSottoError(failure) ? (failure.retryAfterMs ?? 0) : 0
    const spread = 1 + SPREAD * this.#options.random()
    return Math.max(this.#ownMs(), Math.min(askedMs * spread, LONGEST_ASKED_MS))
  }

  #ownMs(): number {
    const longestMs = this.#nextMs
    this.#nextMs = Math.min(longestMs * 2, this.#options.longestMs)
    return longestMs / 2 + (longestMs / 2) * this.#options.random()
  }

  /**
   * Wait as long as the next wait is.
   *
   * @param failure - What it is waited after.
   * @throws what the signal was aborted with.
   */
  async wait(signal: AbortSignal, failure?: unknown): Promise<void> {
    signal.throwIfAborted()
    try {
      await setTimeout(this.nextMs(failure), undefined, { signal })
    } catch {
      signal.throwIfAborted()
    }
  }
}

/** How often a call is made at most. */
const MAX_ATTEMPTS = 3

/**
 * Make a call, and again after as long as the service asks for (RetryInfo), where it has too much to do: it did nothing for
 * the first. Where it asks for more than {@link LONGEST_ASKED_MS}, nobody is kept waiting, nor is it called before that. What
 * stands for long, such as an announcement, waits by itself (service-outage.ts).
 *
 * @throws what the last call fails with; what the signal was aborted with.
 */
export async function inTurn<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const backoff = new Backoff({ firstMs: 500, longestMs: 4_000 })
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await call()
    } catch (error) {
      if (!isSottoError(error, 'ERR_BUSY') || attempts === MAX_ATTEMPTS) throw error
      if ((error.retryAfterMs ?? 0) > LONGEST_ASKED_MS) throw error
      await backoff.wait(signal, error)
    }
  }
}

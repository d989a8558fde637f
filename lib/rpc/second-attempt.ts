/**
 * A second attempt for what a broken connection took away.
 *
 * A connection may break before anything has come over it: one that a router resets, or of a server that is just being
 * restarted. What was asked is then asked once more, over a new connection and within the same time, for all that we call
 * may be repeated, as the contracts say. It is no more than once, and not where nobody takes the connection: that a server
 * is down is told at once.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { NativeChannel } from './sockets/native-channel.ts'
import { isUnanswered } from './status.ts'

/** The link to one server, whose channel may be replaced. */
export interface Renewable {
  readonly channel: NativeChannel
  /** Aborted when this end closes the link. */
  readonly closed: AbortSignal
  /** Replace this channel, unless it was replaced: it would wait before it connects again. */
  renew(broken: NativeChannel): void
}

/** An attempt to do something over a link. */
export class Attempt {
  readonly channel: NativeChannel
  readonly #link: Renewable
  readonly #brokenBefore: number

  constructor(link: Renewable) {
    this.#link = link
    this.channel = link.channel
    this.#brokenBefore = this.channel.broken
  }

  /** Whether a connection has broken since this one began. */
  async hasBroken(): Promise<boolean> {
    // A call may learn of it a moment before its socket does.
    await setImmediate()
    return this.channel !== this.#link.channel || this.channel.broken > this.#brokenBefore
  }

  /**
   * Begin another, if a connection has broken since this one began.
   *
   * @returns undefined if none has, or the link is closed.
   */
  async another(): Promise<Attempt | undefined> {
    if (!(await this.hasBroken()) || this.#link.closed.aborted) return undefined
    this.#link.renew(this.channel)
    return new Attempt(this.#link)
  }
}

/** Do something over a link, and once more if the connection breaks before there is an answer. */
export async function inTwoAttempts<T>(link: Renewable, run: (channel: NativeChannel) => Promise<T>): Promise<T> {
  const first = new Attempt(link)
  try {
    return await run(first.channel)
  } catch (error) {
    const second = isUnanswered(error) ? await first.another() : undefined
    if (second === undefined) throw error
    return await run(second.channel)
  }
}

/** Likewise for a stream of answers, which is not begun again once there was one. */
export async function* streamInTwoAttempts<T>(
  link: Renewable,
  run: (channel: NativeChannel) => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  const first = new Attempt(link)
  let second: Attempt | undefined
  let isAnswered = false
  try {
    for await (const answer of run(first.channel)) {
      isAnswered = true
      yield answer
    }
    return
  } catch (error) {
    if (!isAnswered && isUnanswered(error)) second = await first.another()
    if (second === undefined) throw error
  }
  yield* run(second.channel)
}

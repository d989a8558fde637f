/**
 * The fault profile of a run: which faults happen in it, and how often. Each seed draws a profile of its own: at one
 * average rate for all, bugs that need one fault often and another never would stay hidden.
 *
 * @module
 */
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import type { SeededRandom } from './random.ts'

export interface FaultProfile {
  /** The most messages in one burst. */
  readonly burst: number
  /** The mean time from one burst of an endpoint to its next. */
  readonly pauseMs: number
  /** One message in so many is larger than a record. */
  readonly largeEvery: number
  /** The part of the bursts that a concurrent process of the same profile appends to the store. */
  readonly concurrent: number
  /** The longest time that a packet is under way. */
  readonly delayMs: number
  /** The longest time that a link is busy with a record. */
  readonly sendMs: number
  /** The mean time until the network cuts a connection. */
  readonly cutAfterMs: number
  /** The part of the cuts and crashes of which the other end is not notified. */
  readonly silentCuts: number
  /** The part of the packets that are lost, repeated, changed or overtaken by the next one. */
  readonly tampered: number
  /** The mean number of write steps until a process crashes. */
  readonly writesToCrash: number
  /** The part of the crashes with a loss of power, which takes what was not flushed. */
  readonly powerLosses: number
  /** The part of the requests to the services that get no answer. */
  readonly outages: number
  /** The mean time until a process closes a conversation in order. */
  readonly closeAfterMs: number
  readonly maxSessionDurationMs: number
  /** The mean time until a message that came is read; infinite where receipts are off. */
  readonly readAfterMs: number
  /** The mean time from one turn of a process at the mailboxes to its next; infinite where there are none. */
  readonly letterEveryMs: number
  /** The part of the letters that a mailbox loses, withholds, repeats, or keeps though they were acknowledged. */
  readonly lostLetters: number
  readonly times: ChannelTimes
}

const HOURS = 60 * 60_000

export function drawFaultProfile(random: SeededRandom, messages: number): FaultProfile {
  const burst = random.pick([4, 32, 128])
  const durationMs = random.pick([10_000, 120_000, 15 * 60_000])
  const bursts = messages / 2 / ((1 + burst) / 2)
  // How often a fault is to be expected in the whole run.
  const times = (): number => random.pick([0, 3, 12, 30])
  return {
    burst,
    pauseMs: durationMs / bursts,
    largeEvery: random.pick([Number.POSITIVE_INFINITY, 4_999, 997]),
    concurrent: random.pick([0, 0.1, 0.5]),
    delayMs: random.pick([1, 80, 1_000]),
    sendMs: random.pick([0, 5, 100]),
    cutAfterMs: durationMs / times(),
    silentCuts: random.pick([0, 0.2, 0.8]),
    tampered: random.pick([0, 0, 0.002, 0.02]),
    writesToCrash: Math.max(30, (bursts * 20) / times()),
    powerLosses: random.pick([0, 0.3, 1]),
    outages: random.pick([0, 0.3, 1]),
    closeAfterMs: durationMs / times(),
    maxSessionDurationMs: random.pick([12 * HOURS, durationMs / 2]),
    times: {
      renewEveryMs: Math.min(durationMs / times(), HOURS / 4),
      renewWithinMs: random.pick([HOURS, durationMs / 3]),
      renewRetryMs: random.pick([60_000, 4_000]),
      pingAfterMs: 10_000,
      silenceLimitMs: 30_000,
      answerWithinMs: 5_000,
    },
    readAfterMs: random.pick([100, 10_000, Number.POSITIVE_INFINITY]),
    letterEveryMs: random.pick([Number.POSITIVE_INFINITY, durationMs / 200, durationMs / 40]),
    lostLetters: random.pick([0, 0.1, 0.5]),
  }
}

/** The same profile without faults. */
export function withoutFaults(profile: FaultProfile): FaultProfile {
  const never = Number.POSITIVE_INFINITY
  const rates = { silentCuts: 0, tampered: 0, powerLosses: 0, outages: 0 }
  return {
    ...profile,
    ...rates,
    cutAfterMs: never,
    writesToCrash: never,
    closeAfterMs: never,
    maxSessionDurationMs: 12 * HOURS,
  }
}

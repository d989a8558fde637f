/**
 * The fault profile of a run: which faults happen in it, and how often. Each seed draws a profile of its own: at one
 * average rate for all, bugs that need one fault often and another never would stay hidden.
 *
 * @module
 */
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import type { SeededRandom } from './random.ts'

export interface FaultProfile {
  /** How many messages are said in one go, at most. */
  readonly burst: number
  /** From one burst of a side to its next, on average. */
  readonly pauseMs: number
  /** One message in so many is larger than a record. */
  readonly largeEvery: number
  /** The part of the bursts that a concurrent process of the same profile appends to the store. */
  readonly concurrent: number
  /** How long a record is under way, at most. */
  readonly delayMs: number
  /** How long the link is busy with a record, at most. */
  readonly takeMs: number
  /** How long a connection lasts until the network cuts it, on average. */
  readonly cutAfterMs: number
  /** What part of the cuts and crashes the other end is not told of. */
  readonly silentCuts: number
  /** What part of the records are lost, repeated, changed or overtaken by the next one. */
  readonly tampered: number
  /** How many moments of writing a program lives through, on average. */
  readonly lifeMoments: number
  /** What part of the crashes take what was not flushed. */
  readonly powerLosses: number
  /** What part of the questions to the services stay unanswered. */
  readonly outages: number
  /** How long until a program closes a conversation in order, on average. */
  readonly closeAfterMs: number
  readonly maxSessionDurationMs: number
  /** How long until somebody has seen what came, on average; never, where receipts are not allowed. */
  readonly readAfterMs: number
  readonly times: ChannelTimes
}

const HOURS = 60 * 60_000

export function drawFaultProfile(random: SeededRandom, messages: number): FaultProfile {
  const burst = random.pick([4, 32, 128])
  const durationMs = random.pick([10_000, 120_000, 15 * 60_000])
  const bursts = messages / 2 / ((1 + burst) / 2)
  // In most runs, so many of them are to be expected.
  const times = (): number => random.pick([0, 3, 12, 30])
  return {
    burst,
    pauseMs: durationMs / bursts,
    largeEvery: random.pick([Number.POSITIVE_INFINITY, 4_999, 997]),
    concurrent: random.pick([0, 0.1, 0.5]),
    delayMs: random.pick([1, 80, 1_000]),
    takeMs: random.pick([0, 5, 100]),
    cutAfterMs: durationMs / times(),
    silentCuts: random.pick([0, 0.2, 0.8]),
    tampered: random.pick([0, 0, 0.002, 0.02]),
    lifeMoments: Math.max(30, (bursts * 20) / times()),
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
    },
    readAfterMs: random.pick([100, 10_000, Number.POSITIVE_INFINITY]),
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
    lifeMoments: never,
    closeAfterMs: never,
    maxSessionDurationMs: 12 * HOURS,
  }
}

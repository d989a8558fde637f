/**
 * The times of a channel: renewals and signs of life (docs/protocol.md, sections 6.6 and 7). All are durations on a
 * monotonic clock.
 *
 * @module
 */

/** The time from one renewal to the next, in milliseconds: whoever gets hold of keys can read that much and no more. */
export const RENEW_EVERY_MS = 15 * 60_000

/** The time without a renewal of either kind, in milliseconds, after which the channel ends: four attempts. */
export const RENEW_WITHIN_MS = 60 * 60_000

/**
 * The time from a failed attempt to the next one, in milliseconds: longer than services take to start again, and as long
 * as a service that is busy may ask a client to wait.
 */
export const RENEW_RETRY_MS = 60_000

/** The time without a record sent, in milliseconds, after which a sign of life is due. */
export const PING_AFTER_MS = 10_000

/**
 * The time without a record received, in milliseconds, after which the channel counts as cut: three signs of life are
 * missing.
 */
export const SILENCE_LIMIT_MS = 30_000

/** The time that an end waits for each answer of the handshake, a Welcome or a first record, in milliseconds. */
export const ANSWER_WITHIN_MS = 5_000

/** The durations that a channel goes by. Both ends should have the same. */
export interface ChannelTimes {
  readonly renewEveryMs: number
  readonly renewWithinMs: number
  readonly renewRetryMs: number
  readonly pingAfterMs: number
  readonly silenceLimitMs: number
  readonly answerWithinMs: number
}

/** The durations of the protocol; others are for tests and demonstrations. */
export const CHANNEL_TIMES: ChannelTimes = {
  renewEveryMs: RENEW_EVERY_MS,
  renewWithinMs: RENEW_WITHIN_MS,
  renewRetryMs: RENEW_RETRY_MS,
  pingAfterMs: PING_AFTER_MS,
  silenceLimitMs: SILENCE_LIMIT_MS,
  answerWithinMs: ANSWER_WITHIN_MS,
}

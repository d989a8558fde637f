/**
 * How long a channel lasts without this or that (docs/protocol.md, sections 6.6 and 7). All of them are durations on a
 * clock that only goes forward.
 *
 * @module
 */

/** From one renewal to the next, in milliseconds: what is said under keys that somebody gets hold of. */
export const RENEW_EVERY_MS = 15 * 60_000

/** Without a renewal of either kind, in milliseconds, until the channel ends: four attempts. */
export const RENEW_WITHIN_MS = 60 * 60_000

/** From an attempt that failed to the next one, in milliseconds: longer than services take to start again. */
export const RENEW_RETRY_MS = 60_000

/** Of saying nothing, in milliseconds, until a sign of life is due. */
export const PING_AFTER_MS = 10_000

/** Of hearing nothing, in milliseconds, until the channel counts as cut: three signs of life that did not come. */
export const SILENCE_LIMIT_MS = 30_000

/** The durations that a channel goes by. Both ends should have the same. */
export interface ChannelTimes {
  readonly renewEveryMs: number
  readonly renewWithinMs: number
  readonly renewRetryMs: number
  readonly pingAfterMs: number
  readonly silenceLimitMs: number
}

/** Those of the protocol; shorter ones are for tests and demonstrations. */
export const CHANNEL_TIMES: ChannelTimes = {
  renewEveryMs: RENEW_EVERY_MS,
  renewWithinMs: RENEW_WITHIN_MS,
  renewRetryMs: RENEW_RETRY_MS,
  pingAfterMs: PING_AFTER_MS,
  silenceLimitMs: SILENCE_LIMIT_MS,
}

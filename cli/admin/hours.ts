/**
 * `--hours`: how long an invite is good.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander'

/** How long an invite is good unless the host says otherwise: over a weekend. */
const DEFAULT_HOURS = 72

/** The longest that one can be good: half a year, for what is printed at the beginning of a term. */
const MAX_HOURS = 24 * 184

export const HOUR_MS = 3_600_000

/** How long invites are good. */
export function hoursOption(): Option {
  return new Option('--hours <number>', 'how long it can be used').argParser(hours).default(DEFAULT_HOURS)
}

function hours(text: string): number {
  const value = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= MAX_HOURS) return value
  throw new InvalidArgumentError(`It must be a number of hours above 0, at most ${MAX_HOURS}.`)
}

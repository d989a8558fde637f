/**
 * How long certificates last, and the warnings before they end.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'

const DAY_MS = 86_400_000

export const AUTHORITY_DAYS = 3_650
export const LEAF_DAYS = 365

/** A leaf that has less than this left is renewed: half a year before anybody would notice that it was not. */
export const RENEWAL_DAYS = 182

/** How far a certificate's first moment lies back, for the sake of clocks that are behind, in milliseconds. */
export const BACKDATED_MS = 3_600_000

/** A certificate that has less than this left is a matter for the host. */
export const WARNING_DAYS = 30

/** A certificate, by what it is called in a warning. */
export interface CertificateEnd {
  readonly what: string
  readonly endsAt: Date
}

/** The end of a certificate, the first of a PEM text. */
export function endOf(pem: string): Date {
  return new X509Certificate(pem).validToDate
}

/** The days until a time, with a fraction; below 0 once it is past. */
export function daysUntil(end: Date, clock: Clock): number {
  return (end.getTime() - clock.now().getTime()) / DAY_MS
}

/** The log lines that say what ends soon: once a day for each. */
export class EndWarnings {
  readonly #clock: Clock
  readonly #log: Logger
  /** When each was warned of last, in milliseconds since 1970. */
  readonly #warnedAtMs = new Map<string, number>()

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** Warn of those that end soon, unless that was done within the last day. */
  check(ends: readonly CertificateEnd[]): void {
    const nowMs = this.#clock.now().getTime()
    for (const { what, endsAt } of ends) {
      const daysLeft = daysUntil(endsAt, this.#clock)
      if (daysLeft >= WARNING_DAYS || nowMs - (this.#warnedAtMs.get(what) ?? -Infinity) < DAY_MS) continue
      this.#warnedAtMs.set(what, nowMs)
      this.#log.warn(
        { certificate: what, endsAt, daysLeft: Math.floor(daysLeft) },
        'a certificate ends soon: see "Keys and certificates" in docs/operations.md',
      )
    }
  }
}

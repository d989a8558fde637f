/**
 * What happened in a run, or in many.
 *
 * @module
 */
import type { Moment } from '../support/crashing-database.ts'

export interface Counters {
  messages: number
  connections: number
  handshakes: number
  refusals: number
  renewals: number
  cuts: number
  /** Records lost, repeated, changed or overtaken on the way. */
  tampered: number
  records: number
  /** Events that came again, and were dropped. */
  duplicates: number
  /** Streams that began anew, because one end had lost what was not flushed, or calls had crossed. */
  renewedStreams: number
  powerLosses: number
  /** How often somebody was told that more was seen. */
  receipts: number
  readonly crashes: Record<Moment, number>
}

export function newCounters(): Counters {
  return {
    messages: 0,
    connections: 0,
    handshakes: 0,
    refusals: 0,
    renewals: 0,
    cuts: 0,
    tampered: 0,
    records: 0,
    duplicates: 0,
    renewedStreams: 0,
    powerLosses: 0,
    receipts: 0,
    crashes: { begin: 0, statement: 0, commit: 0, committed: 0 },
  }
}

/** Add those of one run to a sum. */
export function addCounters(sum: Counters, { crashes, ...others }: Counters): void {
  for (const [name, count] of Object.entries(others)) sum[name as keyof typeof others] += count
  for (const [moment, count] of Object.entries(crashes)) sum.crashes[moment as Moment] += count
}

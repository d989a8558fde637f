/**
 * Counters of what happened in a run, or in many.
 *
 * @module
 */
import type { WriteStep } from '../support/crashing-database.ts'

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
  /** Events that were received again, and dropped. */
  duplicates: number
  /** Streams that were replaced, because one end had lost what was not flushed, or because calls had crossed. */
  renewedStreams: number
  powerLosses: number
  /** Letters that were posted, and those of them that brought something new. */
  letters: number
  usefulLetters: number
  /** Read receipts that reported more messages than the one before. */
  receipts: number
  readonly crashes: Record<WriteStep, number>
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
    letters: 0,
    usefulLetters: 0,
    receipts: 0,
    crashes: { begin: 0, statement: 0, commit: 0, committed: 0 },
  }
}

/** Add the counters of one run to a sum. */
export function addCounters(sum: Counters, { crashes, ...others }: Counters): void {
  for (const [name, count] of Object.entries(others)) sum[name as keyof typeof others] += count
  for (const [step, count] of Object.entries(crashes)) sum.crashes[step as WriteStep] += count
}

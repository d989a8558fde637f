/**
 * Word of a connection that is cut, to the log and to whoever counts them.
 *
 * @module
 */
import type { Logger } from '../../../runtime/log.ts'
import { CUTS, type CutEvent, type CutReason } from '../../../runtime/metrics/cut-events.ts'
import { networkOf } from '../network-of.ts'

/** The reasons that are nobody's fault: a class that comes at once is no line a head. */
const ROUTINE: ReadonlySet<CutReason> = new Set(['crowd', 'full'])

/** @param peer - The address of the other end; undefined if it has gone. */
export function reportCut(log: Logger, reason: CutReason, peer: string | undefined): void {
  log[ROUTINE.has(reason) ? 'debug' : 'info']({ peer, reason }, 'connection cut')
  if (CUTS.hasSubscribers) CUTS.publish({ reason, network: networkOf(peer ?? 'unknown') } satisfies CutEvent)
}

/**
 * Tells of transfers in lines, for commands that have no screen: one when a transfer takes a step, and where it is
 * asked for, one now and then of those that are under way.
 *
 * @module
 */
import type { SottoError } from '#lib/errors.ts'
import { isSameStep, type Transfer, type TransferStep } from '../../store/transfers/transfer.ts'
import { type Pace, transferText } from './describe.ts'
import { ProgressMeter } from './progress-meter.ts'
import { Recent } from './recent.ts'

export interface TransferReportOptions {
  /** A line, safe for a terminal. */
  readonly write: (line: string) => void
  readonly monotonicMs: () => number
  /** How often to tell of one that is under way, in milliseconds; never unless set. */
  readonly everyMs?: number | undefined
}

interface LastReported {
  readonly meter: ProgressMeter
  step: TransferStep | undefined
  atMs: number
}

export class TransferReport {
  readonly #options: TransferReportOptions
  readonly #lastReported = new Recent<LastReported>()

  constructor(options: TransferReportOptions) {
    this.#options = options
  }

  /** A transfer has come further. The error is why it ended or waits at this end, if it does. */
  changed(transfer: Transfer, error?: SottoError): void {
    const { monotonicMs, everyMs, write } = this.#options
    const nowMs = monotonicMs()
    const lastReported = this.#lastReported.get(transfer.id) ?? {
      meter: new ProgressMeter(transfer.size),
      step: undefined,
      atMs: nowMs,
    }
    this.#lastReported.set(transfer.id, lastReported)
    if (transfer.state === 'accepted') lastReported.meter.note(transfer.position, nowMs)
    const isDue = everyMs !== undefined && nowMs - lastReported.atMs >= everyMs
    if (isSameStep(lastReported.step, transfer) && !isDue) return
    lastReported.step = transfer
    lastReported.atMs = nowMs
    write(lineOf(transfer, paceOf(lastReported.meter, nowMs), error))
  }
}

export function paceOf(meter: ProgressMeter, nowMs: number): Pace {
  return { rate: meter.rate(nowMs), remainingMs: meter.remainingMs(nowMs) }
}

/** `to bob: report.pdf, 3.4 MB, declined`. */
export function lineOf(transfer: Transfer, pace: Pace = {}, error?: SottoError): string {
  const who = `${transfer.direction === 'uploading' ? 'to' : 'from'} ${transfer.contact}`
  const hint = transfer.isPaused && error?.hint !== undefined ? `; ${error.hint}` : ''
  return `${who}: ${transferText(transfer, pace)}${error === undefined ? '' : `: ${error.message}${hint}`}`
}

/**
 * The display of the files that a `sotto send` offers, for a person or a script: on a terminal a line that is written
 * over and over, in a pipe a line for each step, and as JSON an object for each of them.
 *
 * @module
 */
import type { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Output } from '../command/output.ts'
import { nameText, progressText } from '../files/report/describe.ts'
import { transferFields } from '../files/report/listing.ts'
import { ProgressMeter } from '../files/report/progress-meter.ts'
import { Recent } from '../files/report/recent.ts'
import { lineOf, paceOf, TransferReport } from '../files/report/transfer-report.ts'
import { isOver, isSameStep, type Transfer } from '../store/transfers/transfer.ts'
import type { StatusLine } from '../terminal/status-line.ts'

/** How often the line is written over, in milliseconds, and how often JSON tells of progress. */
const [REDRAW_MS, JSON_EVERY_MS] = [200, 1_000]

export interface OfferDisplayOptions {
  readonly output: Output
  /** The status line that a person watches. */
  readonly statusLine: StatusLine | undefined
  readonly json: boolean
  readonly clock: Clock
}

export class OfferDisplay implements Disposable {
  readonly #options: OfferDisplayOptions
  readonly #report: TransferReport
  /** The transfers that are not over, with how fast they go. */
  readonly #open = new Map<string, { readonly meter: ProgressMeter; transfer: Transfer }>()
  /** What JSON told last of each, and when. */
  readonly #told = new Recent<{ readonly transfer: Transfer; readonly atMs: number }>()
  readonly #timer: NodeJS.Timeout | undefined
  #reading = ''

  constructor(options: OfferDisplayOptions) {
    const { output, clock, statusLine } = options
    this.#options = options
    const monotonicMs = () => clock.monotonicMs()
    this.#report = new TransferReport({ write: (line) => output.notice(line), monotonicMs })
    if (statusLine !== undefined) this.#timer = setInterval(() => this.#draw(), REDRAW_MS)
  }

  /** Show that a file is being read before it can be offered. */
  reading(path: string, done: number, total: number): void {
    this.#reading = done < total ? `reading ${nameText(path)}: ${progressText(done, total)}` : ''
  }

  /** A transfer has come further. */
  changed(transfer: Transfer, error?: SottoError): void {
    const { json, statusLine } = this.#options
    // What the other side offers meanwhile is nothing that this command waits for.
    const isOwn = transfer.direction === 'uploading'
    if (json) this.#printJson(transfer)
    else if (statusLine === undefined || isOver(transfer) || !isOwn) this.#report.changed(transfer, error)
    if (isOwn) this.#follow(transfer)
    if (isOver(transfer)) this.#draw()
  }

  #follow(transfer: Transfer): void {
    const nowMs = this.#options.clock.monotonicMs()
    const known = this.#open.get(transfer.id) ?? { meter: new ProgressMeter(transfer.size), transfer }
    if (isOver(transfer)) this.#open.delete(transfer.id)
    else this.#open.set(transfer.id, known)
    if (transfer.state === 'accepted') known.meter.note(transfer.position, nowMs)
    known.transfer = transfer
  }

  /** Every step, and of progress no more than a line a second. */
  #printJson(transfer: Transfer): void {
    const nowMs = this.#options.clock.monotonicMs()
    const told = this.#told.get(transfer.id)
    const isDue = told === undefined || nowMs - told.atMs >= JSON_EVERY_MS
    if (!isDue && isSameStep(told.transfer, transfer)) return
    this.#told.set(transfer.id, { transfer, atMs: nowMs })
    this.#options.output.printJson(transferFields(transfer))
  }

  #draw(): void {
    const { statusLine, clock } = this.#options
    const open = [...this.#open.values()]
    const [first] = [...open.filter(({ transfer }) => transfer.state === 'accepted'), ...open]
    const text = first && lineOf(first.transfer, paceOf(first.meter, clock.monotonicMs()))
    const others = open.length > 1 ? ` (and ${open.length - 1} more)` : ''
    statusLine?.set(this.#reading !== '' ? this.#reading : text === undefined ? '' : text + others)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#options.statusLine?.set('')
  }
}

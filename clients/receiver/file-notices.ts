/**
 * The notices of `sotto receive` about files: who offers what and how to answer, now and then the progress, and the
 * end. On standard error, for no file belongs among the texts; as JSON, an object for each step on standard output.
 *
 * @module
 */
import type { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Output } from '../command/output.ts'
import { shortId } from '../files/report/file-events.ts'
import { transferFields } from '../files/report/listing.ts'
import { Recent } from '../files/report/recent.ts'
import { lineOf, TransferReport } from '../files/report/transfer-report.ts'
import { isHarmlessUnasked } from '../files/unasked.ts'
import { profileFlag } from '../profile/login-line.ts'
import { isSameStep, type Transfer, type TransferStep } from '../store/transfers/transfer.ts'

/** How often a person is told of what is under way, in milliseconds: seldom enough for lines that scroll by. */
const REPORT_INTERVAL_MS = 10_000

export interface FileNoticesOptions {
  readonly output: Output
  readonly json: boolean
  /** Whether a person reads standard error. */
  readonly isWatched: boolean
  /** Whether what is offered is accepted at once, as far as it may be. */
  readonly acceptsAll: boolean
  /** The name of the profile, for the command that answers. */
  readonly profileName: string
  readonly clock: Clock
}

export class FileNotices {
  readonly #options: FileNoticesOptions
  readonly #report: TransferReport
  readonly #steps = new Recent<TransferStep>()

  constructor(options: FileNoticesOptions) {
    const { output, clock, isWatched } = options
    this.#options = options
    this.#report = new TransferReport({
      write: (line) => output.notice(line),
      monotonicMs: () => clock.monotonicMs(),
      everyMs: isWatched ? REPORT_INTERVAL_MS : undefined,
    })
  }

  /** Tell of what was offered before this began, and waits for an answer. */
  begin(transfers: readonly Transfer[]): void {
    for (const transfer of transfers.filter(isAsked)) this.changed(transfer)
  }

  /** A transfer has come further. The error is why it ended at this end, if it did. */
  changed(transfer: Transfer, error?: SottoError): void {
    const { output, json, acceptsAll } = this.#options
    if (json) this.#printJson(transfer)
    else if (isAsked(transfer) && !(acceptsAll && isHarmlessUnasked(transfer)))
      output.notice(`${lineOf(transfer)}; ${this.#howToAnswer(transfer)}`)
    else this.#report.changed(transfer, error)
  }

  #printJson(transfer: Transfer): void {
    const isKnown = isSameStep(this.#steps.get(transfer.id), transfer)
    this.#steps.set(transfer.id, transfer)
    if (isKnown) return
    this.#options.output.printJson(transferFields(transfer))
  }

  #howToAnswer({ id }: Transfer): string {
    return `to take it: sotto files accept ${shortId(Buffer.from(id, 'hex'))}${profileFlag(this.#options.profileName)}`
  }
}

function isAsked({ direction, state }: Transfer): boolean {
  return direction === 'downloading' && state === 'offered'
}

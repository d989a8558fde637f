/**
 * Files on the screen: one entry for each offer, which changes in its place as the transfer goes on.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { SottoError } from '#lib/errors.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import { type Pace, transferText } from '../../files/report/describe.ts'
import { ProgressMeter } from '../../files/report/progress-meter.ts'
import { isOver, isSameStep, type Transfer } from '../../store/transfers/transfer.ts'
import type { Screen } from '../screen/screen.ts'

/** How often what is under way is drawn anew, in milliseconds: often enough to be seen moving. */
export const REDRAW_MS = 250

export interface FileEntriesOptions {
  readonly screen: Screen
  /** The user's own name. */
  readonly ownName: string
  readonly now: () => Date
  readonly monotonicMs: () => number
  readonly schedule: Schedule
}

/** A transfer on the page. */
interface Shown {
  readonly entryId: string
  transfer: Transfer
  readonly meter: ProgressMeter
  text: string
}

export class FileEntries {
  readonly #options: FileEntriesOptions
  /** The entries by the id of their transfer. */
  readonly #shown = new Map<string, Shown>()
  /** The numbers that the user calls them by, from 1, for as long as the program runs. */
  readonly #numbers = new Map<string, number>()
  #redraw: ReturnType<Schedule> | undefined

  constructor(options: FileEntriesOptions) {
    this.#options = options
  }

  /** Whether there is an entry for it on the page. */
  isShown(id: string): boolean {
    return this.#shown.has(id)
  }

  /**
   * Make an entry for a transfer.
   *
   * @returns its text.
   */
  show(transfer: Transfer, entryId: string): string {
    const meter = this.#shown.get(transfer.id)?.meter ?? new ProgressMeter(transfer.size)
    const shown = { entryId, transfer, meter, text: '' }
    shown.text = this.#textOf(shown)
    this.#shown.set(transfer.id, shown)
    return shown.text
  }

  /** The page is a new one. */
  clear(): void {
    this.#shown.clear()
  }

  /** The names that the user may call a transfer by. */
  numberOf(id: string): number {
    const known = this.#numbers.get(id)
    if (known !== undefined) return known
    const number = this.#numbers.size + 1
    this.#numbers.set(id, number)
    return number
  }

  /** The id of the transfer with a number. */
  withNumber(number: number): string | undefined {
    return [...this.#numbers].find(([, known]) => known === number)?.[0]
  }

  /**
   * A transfer has come further.
   *
   * @param error - Why it ended or waits at this end, if it does.
   */
  changed(transfer: Transfer, error?: SottoError): void {
    const shown = this.#shown.get(transfer.id)
    const hasTurned = !isSameStep(shown?.transfer, transfer)
    if (shown !== undefined) {
      if (transfer.state === 'accepted') shown.meter.note(transfer.position, this.#options.monotonicMs())
      shown.transfer = transfer
    }
    if (isOver(transfer)) this.#end(transfer, shown, error)
    else if (shown !== undefined && hasTurned) this.#draw(shown)
    if (transfer.isPaused && error !== undefined) this.#add(transfer, error)
    if (transfer.state === 'accepted') this.#redraw ??= this.#options.schedule(REDRAW_MS, () => this.#drawAll())
  }

  /** How fast a transfer goes now, if it is on the page. */
  paceOf(id: string): Pace {
    const shown = this.#shown.get(id)
    return shown === undefined ? {} : this.#paceOf(shown)
  }

  /** The end of a transfer is told once more where its entry is out of sight. */
  #end(transfer: Transfer, shown: Shown | undefined, error: SottoError | undefined): void {
    this.#shown.delete(transfer.id)
    const text = textWith(transfer, error)
    if (shown === undefined || !this.#options.screen.change(shown.entryId, { text })) this.#add(transfer, error)
  }

  #add(transfer: Transfer, error: SottoError | undefined): void {
    const { screen, now, ownName } = this.#options
    const own = transfer.direction === 'uploading'
    const who = own ? `${ownName} to ${transfer.contact}` : transfer.contact
    screen.add({ id: randomUUID(), kind: 'file', who, own, time: now(), text: textWith(transfer, error) })
  }

  #drawAll(): void {
    this.#redraw = undefined
    let isMoving = false
    for (const shown of this.#shown.values()) {
      if (shown.transfer.state !== 'accepted') continue
      this.#draw(shown)
      isMoving ||= this.#paceOf(shown).rate !== 0 && shown.transfer.position > 0
    }
    // Where nothing comes, the rate is to be seen going down to nothing.
    if (isMoving) this.#redraw = this.#options.schedule(REDRAW_MS, () => this.#drawAll())
  }

  #draw(shown: Shown): void {
    const text = this.#textOf(shown)
    if (text === shown.text) return
    shown.text = text
    this.#options.screen.change(shown.entryId, { text })
  }

  #textOf(shown: Shown): string {
    const { transfer } = shown
    if (isOver(transfer)) return transferText(transfer)
    const number = this.numberOf(transfer.id)
    const text = `[${number}] ${transferText(transfer, this.#paceOf(shown))}`
    const isAsked = transfer.state === 'offered' && transfer.direction === 'downloading'
    return isAsked ? `${text}: /accept ${number} or /decline ${number}` : text
  }

  #paceOf({ meter }: Shown): Pace {
    const nowMs = this.#options.monotonicMs()
    return { rate: meter.rate(nowMs), remainingMs: meter.remainingMs(nowMs) }
  }
}

function textWith(transfer: Transfer, error: SottoError | undefined): string {
  const why = error === undefined ? '' : `: ${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`
  return transferText(transfer) + why
}

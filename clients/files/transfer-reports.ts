/**
 * The reports of transfers: each step of each is told once, and what flows in between a few times a second.
 *
 * @module
 */
import { asSottoError, isSottoError, type SottoError } from '#lib/errors.ts'
import { isOver, type Transfer } from '../store/transfers/transfer.ts'
import type { PlacedTransfer, StoredTransfers } from '../store/transfers/transfers.ts'

export interface TransferReportsOptions {
  readonly transfers: StoredTransfers
  /** Somebody has offered something, or a transfer has come further. The error is why it ended at this end, if it did. */
  readonly onFile: (transfer: Transfer, error?: SottoError) => void
  /** How far a transfer has come in this process, in bytes; undefined where it does not flow. */
  readonly positionOf: (id: string) => number | undefined
  readonly isPaused: (id: string) => boolean
  readonly monotonicMs: () => number
}

/** How often a transfer that flows is reported, at most, and how often it is put down for others, in milliseconds. */
const [REPORT_INTERVAL_MS, NOTE_EVERY_MS] = [100, 1_000]

/** The last report of a transfer. */
interface LastReported {
  readonly transfer: PlacedTransfer
  reportAtMs: number
  noteAtMs: number
}

export class TransferReports {
  readonly #options: TransferReportsOptions
  readonly #lastReported = new Map<string, LastReported>()

  /** Those that are there at the start count as reported. */
  constructor(options: TransferReportsOptions) {
    this.#options = options
    for (const transfer of options.transfers.list()) this.#note(transfer)
  }

  /** Report those that have taken a step, and forget those that are gone. */
  poll(transfers: readonly PlacedTransfer[]): void {
    for (const transfer of transfers) {
      const lastReported = this.#lastReported.get(transfer.id)?.transfer
      if (lastReported?.state !== transfer.state || lastReported.path !== transfer.path) this.report(transfer)
    }
    if (this.#lastReported.size === transfers.length) return
    const ids = new Set(transfers.map(({ id }) => id))
    for (const id of this.#lastReported.keys()) if (!ids.has(id)) this.#lastReported.delete(id)
  }

  report(transfer: PlacedTransfer, error?: SottoError): void {
    this.#note(transfer)
    this.#options.onFile(this.live(transfer), error)
  }

  /** Report a transfer as it is now. */
  reportLive(id: string, error?: unknown): void {
    const transfer = this.lastKnown(id)
    if (transfer !== undefined) this.report(transfer, error === undefined ? undefined : asSottoError(error))
  }

  /** A transfer flows, and has come this far. */
  onPosition(id: string, position: number): void {
    const lastReported = this.#lastReported.get(id)
    if (lastReported === undefined) return
    const { onFile, isPaused, monotonicMs } = this.#options
    const nowMs = monotonicMs()
    if (nowMs >= lastReported.noteAtMs) {
      lastReported.noteAtMs = nowMs + NOTE_EVERY_MS
      this.#notePosition(id, position)
    }
    if (nowMs < lastReported.reportAtMs) return
    lastReported.reportAtMs = nowMs + REPORT_INTERVAL_MS
    onFile({ ...lastReported.transfer, position, isPaused: isPaused(id) })
  }

  /** A transfer as the store has it; where the store fails, as it was reported last. */
  lastKnown(id: string): PlacedTransfer | undefined {
    try {
      return this.#options.transfers.get(id)
    } catch {
      return this.#lastReported.get(id)?.transfer
    }
  }

  /** A transfer with what this process knows of it beyond the store. */
  live(transfer: Transfer): Transfer {
    if (isOver(transfer)) return transfer
    const { positionOf, isPaused } = this.#options
    const position = positionOf(transfer.id) ?? transfer.position
    return { ...transfer, position, isPaused: isPaused(transfer.id) }
  }

  /** Note the position of a transfer for others to look at; nothing depends on it. */
  #notePosition(id: string, position: number): void {
    try {
      this.#options.transfers.notePosition(id, position)
    } catch (error) {
      if (!isSottoError(error)) throw error
    }
  }

  #note(transfer: PlacedTransfer): void {
    this.#lastReported.set(transfer.id, { transfer, reportAtMs: 0, noteAtMs: 0 })
  }
}

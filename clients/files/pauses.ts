/**
 * The transfers that wait for room: here, or on the other side's disk. What waits here is tried again every
 * {@link ROOM_INTERVAL_MS}; each is told once, whatever the attempts come to, until it moves.
 *
 * @module
 */
import { isSottoError } from '#lib/errors.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import type { StoredTransfers } from '../store/transfers/transfers.ts'
import { ROOM_INTERVAL_MS } from './disk/disk-errors.ts'

export interface PausesOptions {
  readonly transfers: StoredTransfers
  readonly schedule: Schedule
  /** A transfer has begun to wait, or goes on. The error is what is wrong here. */
  readonly onChange: (id: string, error?: unknown) => void
  /** Go on with what waits here, where there is room. Returns whether anything still waits. */
  readonly retry: () => Promise<boolean>
}

export class Pauses {
  readonly #options: PausesOptions
  /** By the id of the transfer: the position at which it waits, in bytes. */
  readonly #positions = new Map<string, number>()
  #retrying: ReturnType<Schedule> | undefined
  #isStopped = false

  constructor(options: PausesOptions) {
    this.#options = options
    for (const { id, isPaused, position } of options.transfers.list()) if (isPaused) this.#positions.set(id, position)
  }

  has(id: string): boolean {
    return this.#positions.has(id)
  }

  /** A transfer waits. @param error - What is wrong here; undefined where it is the other side that waits. */
  begin(id: string, position: number, error?: unknown): void {
    if (error !== undefined) this.#retryLater()
    if (this.#positions.has(id)) return
    this.#positions.set(id, position)
    this.#note(id, true)
    this.#options.onChange(id, error)
  }

  /** A transfer has this position now: if that is further, it waits no more. */
  moved(id: string, position: number): void {
    if (position <= (this.#positions.get(id) ?? position)) return
    this.#positions.delete(id)
    this.#note(id, false)
    this.#options.onChange(id)
  }

  /** A transfer is over. */
  end(id: string): void {
    this.#positions.delete(id)
  }

  /** It is for others to look at: nothing depends on it, and the disk of the store may be the full one. */
  #note(id: string, isPaused: boolean): void {
    try {
      this.#options.transfers.notePaused(id, isPaused)
    } catch (error) {
      if (!isSottoError(error)) throw error
    }
  }

  #retryLater(): void {
    if (this.#isStopped) return
    this.#retrying ??= this.#options.schedule(ROOM_INTERVAL_MS, () => {
      this.#retrying = undefined
      void this.#retry()
    })
  }

  async #retry(): Promise<void> {
    // Where it is the store that fails, it may be on the disk that is full.
    const isAnyLeft = await this.#options.retry().catch(() => true)
    if (isAnyLeft) this.#retryLater()
  }

  stop(): void {
    this.#isStopped = true
    this.#retrying?.cancel()
  }
}

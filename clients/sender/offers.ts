/**
 * The offers that a `sotto send` has made to one person, and their states. As with a tracker, the owner of the
 * profile's conversations sends them: this process or another.
 *
 * @module
 */
import { FileOffer } from '#gen/sotto/peer/v1/record.ts'
import type { SottoError } from '#lib/errors.ts'
import type { WritePermission } from '#lib/trust/permission.ts'
import type { Prepared } from '../files/files.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { Store } from '../store/store.ts'
import { isOver, isSameStep, type Transfer } from '../store/transfers/transfer.ts'
import { isAt } from '../store/transfers/transfer-steps.ts'
import type { PlacedTransfer } from '../store/transfers/transfers.ts'

export interface OffersOptions {
  readonly store: Store
  readonly messageLog: MessageLog
  /** Asks whether its contact may be written to now. @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_KEY_MISMATCH`. */
  readonly permit: () => WritePermission
  /** An offer was made, or a transfer has come further. The error is why it ended at this end, if it did. */
  readonly onFile: (transfer: Transfer, error?: SottoError) => void
  /** There is something new in the store. */
  readonly onPut: () => void
}

export class Offers {
  readonly #options: OffersOptions
  /** The transfers that an earlier run left unfinished, which may have gone on since. */
  readonly #left: readonly PlacedTransfer[]
  /** The transfers as last reported, in the order in which they were offered. */
  readonly #transfers = new Map<string, Transfer>()
  #moved = Promise.withResolvers<void>()

  constructor(options: OffersOptions) {
    const { store, messageLog } = options
    this.#options = options
    this.#left = store.transfers.list().filter((transfer) => {
      return transfer.direction === 'uploading' && !isOver(transfer) && isAt(transfer, messageLog.place)
    })
  }

  /** All that was offered, as it is now. */
  get transfers(): Transfer[] {
    return [...this.#transfers.values()]
  }

  /** How many of them are not over, or ended here and the other side does not know it yet. */
  get waiting(): number {
    const isUntold = this.#isUndelivered
    return this.transfers.filter((transfer) => !isOver(transfer) || (isUntold && endedHere(transfer))).length
  }

  /** How many bytes of them have arrived. */
  get bytes(): number {
    return this.transfers.reduce((sum, { position }) => sum + position, 0)
  }

  /** Whether something waits for the other side, of whatever kind. */
  get #isUndelivered(): boolean {
    try {
      const { appended, delivered } = this.#options.messageLog.progress()
      return appended > delivered
    } catch {
      // It was forgotten, and waits no longer.
      return false
    }
  }

  /** Whether it goes on without a person's doing: an offer is on its way, or a file is that does not wait for room. */
  get isMoving(): boolean {
    return this.#isUndelivered || this.transfers.some(({ state, isPaused }) => state === 'accepted' && !isPaused)
  }

  /**
   * Offer something, or go on with the same that was offered by an earlier run.
   *
   * @throws SottoError as {@link StoredTransfers.offer}.
   */
  put(prepared: Prepared): void {
    const { store, messageLog, permit, onPut } = this.#options
    const id = this.#unfinished(prepared)?.id ?? store.transfers.offer(permit(), messageLog, prepared).id
    const transfer = store.transfers.get(id)
    if (transfer !== undefined) this.#take(transfer)
    onPut()
  }

  #unfinished({ path, offer }: Prepared): PlacedTransfer | undefined {
    const content = FileOffer.encode(offer).finish()
    return this.#left.find((transfer) => {
      const known = transfer.path === path ? this.#options.store.transfers.offerOf(transfer.id) : undefined
      return known !== undefined && Buffer.compare(FileOffer.encode(known).finish(), content) === 0
    })
  }

  /** The owner of the conversations in this process has told of a transfer. */
  changed(transfer: Transfer, error?: SottoError): void {
    if (this.#transfers.has(transfer.id)) this.#take(transfer, error)
  }

  /**
   * Look whether a transfer has come further.
   *
   * @param isLockHolder - Whether this process owns the conversations: then it knows better than the store how far a file has
   *   come.
   */
  poll({ isLockHolder }: { readonly isLockHolder: boolean }): void {
    for (const known of this.transfers) {
      if (isOver(known)) continue
      // What the user has forgotten is as good as cancelled.
      const stored = this.#options.store.transfers.get(known.id) ?? { ...known, state: 'cancelled' }
      const position = isLockHolder && !isOver(stored) ? known.position : stored.position
      const isPaused = isLockHolder ? known.isPaused : stored.isPaused
      const next = { ...stored, position, isPaused }
      if (!isSameStep(known, next) || position !== known.position) this.#take(next)
    }
    this.#move()
  }

  #take(transfer: Transfer, error?: SottoError): void {
    this.#transfers.set(transfer.id, transfer)
    this.#options.onFile(transfer, error)
    this.#move()
  }

  #move(): void {
    this.#moved.resolve()
    this.#moved = Promise.withResolvers()
  }

  /** Resolves when all that was offered is over, and the other side knows it. */
  async ended(): Promise<void> {
    while (this.waiting > 0) await this.#moved.promise
  }
}

/** Whether it was this side that ended it, or may have been. */
function endedHere({ state }: Transfer): boolean {
  return state === 'source-changed' || state === 'cancelled'
}

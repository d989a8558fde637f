/**
 * Offers that are accepted without asking the user: each is tried once, and again when there is room if that was missing.
 *
 * @module
 */
import { asSottoError, isSottoError, type SottoError } from '#lib/errors.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import type { PlacedTransfer } from '../store/transfers/transfers.ts'
import { isOfRoom } from './disk/disk-errors.ts'

export interface UnaskedOffersOptions {
  /**
   * The folder for offers that are accepted at once, which is all but those that {@link isHarmlessUnasked} leaves to
   * the user. Undefined leaves all of them to the user.
   */
  readonly acceptInto: string | undefined
  readonly accept: (id: string, folder: string) => Promise<void>
  /** A transfer as the store has it; where the store fails, as it was last. */
  readonly lastKnown: (id: string) => PlacedTransfer | undefined
  /** There is no room for it, so it waits until {@link UnaskedOffers.retry}. */
  readonly onPostponed: (transfer: PlacedTransfer, error: unknown) => void
  /** It cannot be saved in the folder. */
  readonly onSaveFailed: (id: string, error: SottoError) => void
  /** It was not accepted, and is the user's to answer. */
  readonly onFailed: (transfer: PlacedTransfer, error: SottoError) => void
}

export class UnaskedOffers {
  readonly #options: UnaskedOffersOptions
  /** The transfers that this program tried to accept without asking. */
  readonly #tried = new Set<string>()
  /** The transfers that are accepted without asking as soon as there is room. */
  readonly #postponed = new Set<string>()
  #isStopped = false

  constructor(options: UnaskedOffersOptions) {
    this.#options = options
  }

  /** Accept what is new among all transfers. */
  poll(transfers: readonly Transfer[]): void {
    this.#forgetTried(transfers)
    this.#acceptUnasked(transfers)
  }

  #forgetTried(transfers: readonly Transfer[]): void {
    if (this.#tried.size === 0) return
    const ids = new Set(transfers.map(({ id }) => id))
    for (const id of this.#tried) if (!ids.has(id)) this.#tried.delete(id)
  }

  #acceptUnasked(transfers: readonly Transfer[]): void {
    const { acceptInto, accept } = this.#options
    if (acceptInto === undefined || this.#isStopped) return
    for (const transfer of transfers) {
      const { id, direction, state } = transfer
      if (direction !== 'downloading' || state !== 'offered' || this.#tried.has(id)) continue
      if (!isHarmlessUnasked(transfer)) continue
      this.#tried.add(id)
      accept(id, acceptInto).catch((error: unknown) => this.#onUntaken(id, error))
    }
  }

  #onUntaken(id: string, error: unknown): void {
    // The next start tries again.
    if (this.#isStopped) return
    const { lastKnown, onSaveFailed, onFailed } = this.#options
    const transfer = lastKnown(id)
    // Somebody else may have answered meanwhile.
    if (transfer?.state !== 'offered') return
    if (isOfRoom(error)) this.#postpone(transfer, error)
    else if (isSottoError(error, 'ERR_FILE_SAVE_FAILED')) onSaveFailed(id, error)
    else if (!isSottoError(error, 'ERR_NO_SUCH_FILE')) onFailed(transfer, asSottoError(error))
  }

  #postpone(transfer: PlacedTransfer, error: unknown): void {
    this.#postponed.add(transfer.id)
    this.#options.onPostponed(transfer, error)
  }

  /** Whether anything waits here for room. */
  get hasPostponed(): boolean {
    return this.#postponed.size > 0
  }

  /** Have the next {@link poll} try again what waits here for room. */
  retry(): void {
    for (const id of this.#postponed) this.#tried.delete(id)
    this.#postponed.clear()
  }

  /** Accept nothing more. */
  stop(): void {
    this.#isStopped = true
  }
}

/**
 * Whether an offer may be accepted without asking. One whose name makes it hidden is for the user to look at: in a home it
 * might be what a shell reads when it starts.
 */
export function isHarmlessUnasked({ name }: Pick<Transfer, 'name'>): boolean {
  return !name.startsWith('.')
}

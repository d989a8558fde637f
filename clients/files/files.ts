/**
 * Files and folders of one messenger: offers them, answers offers, and has their bytes carried beside the conversations.
 *
 * @module
 */
import type { FileOffer } from '#gen/sotto/peer/v1/record.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Mailbox } from '../store/mailbox.ts'
import type { Store } from '../store/store.ts'
import type { PlacedTransfer } from '../store/transfers.ts'
import { acceptTransfer, cancelTransfer, declineTransfer } from './accept.ts'
import type { Transfer } from './transfer.ts'

export interface FilesOptions {
  readonly store: Store
  /** Somebody has offered something, or a transfer has come further. The error is why it ended at this end, if it did. */
  readonly onFile: (transfer: Transfer, error?: SottoError) => void
  /** Where all that is offered is to come to at once. */
  readonly acceptInto: string | undefined
  /** Where to put what is said to somebody. @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`. */
  readonly mailboxOf: (contact: string) => Promise<Mailbox>
  /** Something was put into the store for somebody, for their conversation to say. */
  readonly onAppended: (contact: string) => void
}

/** What is offered, and where it lies. */
export interface Prepared {
  readonly offer: FileOffer
  readonly path: string
}

export class Files {
  readonly #options: FilesOptions

  constructor(options: FilesOptions) {
    this.#options = options
  }

  /** All transfers, the oldest first. */
  list(): Transfer[] {
    return this.#options.store.transfers.list()
  }

  /**
   * Offer something to somebody. It waits for them like any message.
   *
   * @returns the id of the transfer.
   * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_MESSAGE_TOO_LARGE`, `ERR_STORE`: then nothing is offered.
   */
  async offer(contact: string, prepared: Prepared): Promise<string> {
    const { store, mailboxOf } = this.#options
    const { id } = store.transfers.offer(await mailboxOf(contact), prepared)
    this.#said(store.transfers.get(id))
    return id
  }

  /** Accept an offer. @throws SottoError as {@link acceptTransfer}. */
  async accept(id: string, folder: string): Promise<void> {
    await acceptTransfer(this.#options.store, id, folder)
    this.#said(this.#options.store.transfers.get(id))
  }

  /** Decline an offer. @throws SottoError as {@link declineTransfer}. */
  decline(id: string): void {
    declineTransfer(this.#options.store, id)
    this.#said(this.#options.store.transfers.get(id))
  }

  /** End a transfer. @throws SottoError as {@link cancelTransfer}. */
  cancel(id: string): void {
    cancelTransfer(this.#options.store, id)
    this.#said(this.#options.store.transfers.get(id))
  }

  #said(transfer: PlacedTransfer | undefined): void {
    if (transfer === undefined) return
    this.#options.onAppended(transfer.contact)
    this.#options.onFile(transfer)
  }
}

/**
 * Files and folders of one messenger: offers them, answers offers, and has their bytes carried beside the conversations.
 *
 * @module
 */
import type { FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { asSottoError, isSottoError, SottoError } from '#lib/errors.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import type { WritePermission } from '#lib/trust/permission.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { TransferPlace } from '../store/rows/transfer-rows.ts'
import type { Store } from '../store/store.ts'
import { isOver, type Transfer } from '../store/transfers/transfer.ts'
import { isAt } from '../store/transfers/transfer-steps.ts'
import type { PlacedTransfer } from '../store/transfers/transfers.ts'
import { acceptTransfer, cancelTransfer, declineTransfer } from './accept.ts'
import { Pauses } from './pauses.ts'
import { TransferReports } from './transfer-reports.ts'
import { PeerTransfers } from './transit/peer-transfers.ts'
import { UnaskedOffers } from './unasked.ts'

export interface FilesOptions {
  readonly store: Store
  /** Somebody has offered something, or a transfer has come further. The error is why it ended at this end, if it did. */
  readonly onFile: (transfer: Transfer, error?: SottoError) => void
  readonly monotonicMs: () => number
  readonly schedule: Schedule
  /** The folder for offers that are accepted at once, as {@link UnaskedOffers} has it. */
  readonly acceptInto: string | undefined
  /** Asks whether somebody may be written to now. @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_KEY_MISMATCH`. */
  readonly permit: (contact: string) => Promise<WritePermission>
  /** The message log for what is sent to somebody. */
  readonly messageLogOf: (contact: string) => MessageLog
  /** Something was put into the store for somebody, for their conversation to say. */
  readonly onAppended: (contact: string) => void
}

/** An offer, and the path of its content. */
export interface Prepared {
  readonly offer: FileOffer
  readonly path: string
}

export class Files {
  readonly #options: FilesOptions
  readonly #byPlace = new Map<string, { readonly place: TransferPlace; readonly peerTransfers: PeerTransfers }>()
  /** The work that is under way and uses the store in the end. */
  readonly #doing = new Set<Promise<unknown>>()
  readonly #pauses: Pauses
  readonly #reports: TransferReports
  readonly #unasked: UnaskedOffers
  #isStopped = false

  constructor(options: FilesOptions) {
    this.#options = options
    const { store, schedule, onFile, monotonicMs, acceptInto } = options
    this.#pauses = new Pauses({
      transfers: store.transfers,
      schedule,
      onChange: (id, error) => this.#reports.reportLive(id, error),
      retry: () => this.#do(() => this.#retry()),
    })
    this.#reports = new TransferReports({
      transfers: store.transfers,
      onFile,
      positionOf: (id) => this.#positionOf(id),
      isPaused: (id) => this.#pauses.has(id),
      monotonicMs,
    })
    this.#unasked = new UnaskedOffers({
      acceptInto,
      accept: (id, folder) => this.accept(id, folder),
      lastKnown: (id) => this.#reports.lastKnown(id),
      onPostponed: (transfer, error) => this.#pause(transfer, error),
      onSaveFailed: (id, error) => this.#settle(id, 'save-failed', { error }),
      onFailed: (transfer, error) => this.#reports.report(transfer, error),
    })
  }

  /** All transfers, the oldest first. */
  list(): Transfer[] {
    return this.#options.store.transfers.list().map((transfer) => this.#reports.live(transfer))
  }

  /**
   * Offer something to somebody. It waits for them like any message.
   *
   * @returns the id of the transfer.
   * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_KEY_MISMATCH`, `ERR_MESSAGE_TOO_LARGE`, `ERR_STORE`, and
   *   `ERR_INTERRUPTED` where it was stopped: then nothing is offered.
   */
  async offer(contact: string, prepared: Prepared): Promise<string> {
    const { store, permit, messageLogOf } = this.#options
    return await this.#do(async () => {
      const permission = await permit(contact)
      const { id } = store.transfers.offer(permission, messageLogOf(contact), prepared)
      this.#onSettled(id)
      return id
    })
  }

  /**
   * Accept an offer.
   *
   * @throws SottoError as {@link acceptTransfer}; `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_KEY_MISMATCH`;
   *   `ERR_INTERRUPTED` where it was stopped.
   */
  async accept(id: string, folder: string): Promise<void> {
    await this.#do(() => this.#accept(id, folder))
  }

  /** Do what takes a while, unless this was stopped; whoever stops it waits for it. */
  async #do<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isStopped) throw new SottoError('ERR_INTERRUPTED', 'no files are offered or taken any more')
    const doing = work()
    this.#doing.add(doing)
    try {
      return await doing
    } finally {
      this.#doing.delete(doing)
    }
  }

  async #accept(id: string, folder: string): Promise<void> {
    const { store, permit, messageLogOf } = this.#options
    const transfer = store.transfers.get(id)
    if (transfer !== undefined && !isAt(transfer, messageLogOf(transfer.contact).place)) throw formerKey()
    await acceptTransfer(store, permit, id, folder)
    this.#onSettled(id)
  }

  /** Decline an offer. @throws SottoError as {@link declineTransfer}. */
  decline(id: string): void {
    declineTransfer(this.#options.store, id)
    this.#onSettled(id)
  }

  /** End a transfer. @throws SottoError as {@link cancelTransfer}. */
  cancel(id: string): void {
    cancelTransfer(this.#options.store, id)
    this.#onSettled(id)
  }

  /** The transfers with the key that a message log is for. */
  peerTransfers({ place }: MessageLog, wake: () => void): PeerTransfers {
    const { store, monotonicMs } = this.#options
    const name = `${place.contactId}:${place.key}`
    const peerTransfers = new PeerTransfers({
      offerOf: (id) => store.transfers.offerOf(id),
      noteEntries: (id, offer) => store.transfers.noteEntries(id, offer),
      noteTargetPath: (id, targetPath) => store.transfers.noteTargetPath(id, targetPath),
      events: {
        onPosition: (id, position) => this.#onPosition(id, position),
        onReceived: (id, path) => this.#received(id, path),
        onSaveFailed: (id, error) => this.#settle(id, isDamaged(error) ? 'damaged' : 'save-failed', { error }),
        onHalted: (id, position, error) => this.#pauses.begin(id, position, error),
        onPausedByPeer: (id, position) => this.#pauses.begin(id, position),
        onSourceChanged: (id, error) => this.#settle(id, 'source-changed', { error }),
      },
      wake,
      monotonicMs,
    })
    void this.#byPlace.get(name)?.peerTransfers.stop()
    this.#byPlace.set(name, { place, peerTransfers })
    peerTransfers.update(store.transfers.list().filter((transfer) => isAt(transfer, place)))
    return peerTransfers
  }

  /**
   * The store may have changed: tell what is new, and do what follows from it.
   *
   * @returns to whom something is to flow, or from whom.
   */
  poll(): Set<string> {
    const transfers = this.#options.store.transfers.list()
    for (const { place, peerTransfers } of this.#byPlace.values()) {
      peerTransfers.update(transfers.filter((transfer) => isAt(transfer, place)))
    }
    for (const transfer of transfers) {
      if (isOver(transfer)) this.#pauses.end(transfer.id)
    }
    this.#reports.poll(transfers)
    this.#unasked.poll(transfers)
    return new Set(transfers.flatMap(({ state, contact }) => (state === 'accepted' ? [contact] : [])))
  }

  #settle(
    id: string,
    state: 'received' | 'save-failed' | 'damaged' | 'source-changed',
    { path, error }: { readonly path?: string; readonly error?: unknown },
  ): void {
    const { store } = this.#options
    try {
      const ordinal = store.transfers.settle(id, state, path)
      const transfer = store.transfers.get(id)
      if (transfer === undefined || ordinal === undefined) return
      if (error !== undefined) this.#reports.report(transfer, asSottoError(error))
      this.#onSettled(id)
    } catch (failure) {
      // The next start finds it as it was.
      this.#reports.reportLive(id, failure)
    }
  }

  /** All of it is there. @throws SottoError `ERR_STORE` where that cannot be put down. */
  #received(id: string, path: string): void {
    this.#options.store.transfers.settle(id, 'received', path)
    this.#onSettled(id)
  }

  /** An offer waits until there is room. */
  #pause({ id, contactId, key }: PlacedTransfer, error: unknown): void {
    if (!this.#pauses.has(id)) this.#byPlace.get(`${contactId}:${key}`)?.peerTransfers.pause(id, 0)
    this.#pauses.begin(id, 0, error)
  }

  /** Go on with what waits here, where there is room again. @returns whether anything still waits. */
  async #retry(): Promise<boolean> {
    this.#unasked.retry()
    this.poll()
    const all = [...this.#byPlace.values()]
    const isMoving = await Promise.all(all.map(({ peerTransfers }) => peerTransfers.retry()))
    const moving = this.#options.store.transfers.list().filter((transfer) => {
      return all.some(({ place }, index) => isMoving[index] && isAt(transfer, place))
    })
    for (const contact of new Set(moving.map((transfer) => transfer.contact))) this.#options.onAppended(contact)
    return this.#unasked.hasPostponed || all.some(({ peerTransfers }) => peerTransfers.hasPaused)
  }

  /** A step was put into the store, with what says so. */
  #onSettled(id: string): void {
    const transfer = this.#options.store.transfers.get(id)
    if (transfer !== undefined) this.#options.onAppended(transfer.contact)
    this.poll()
  }

  #onPosition(id: string, position: number): void {
    this.#pauses.moved(id, position)
    this.#reports.onPosition(id, position)
  }

  #positionOf(id: string): number | undefined {
    const positions = [...this.#byPlace.values()].map(({ peerTransfers }) => peerTransfers.positionOf(id))
    return positions.find((each) => each !== undefined)
  }

  /** Let go of all files: afterwards nothing of it uses the store. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unasked.stop()
    this.#pauses.stop()
    await Promise.allSettled(this.#doing)
    await Promise.all([...this.#byPlace.values()].map(({ peerTransfers }) => peerTransfers.stop()))
  }
}

/** The error for a transfer with a former key: an answer would go to that key, and nobody has it any more. */
function formerKey(): SottoError {
  return new SottoError('ERR_NO_SUCH_FILE', 'it was offered under a key that is theirs no longer', {
    hint: 'have it offered again',
  })
}

function isDamaged(error: unknown): boolean {
  return isSottoError(error, 'ERR_FILE_DAMAGED')
}

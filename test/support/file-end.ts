/**
 * One end of file transfers, without conversations and stores: the files are real, and what a record would carry is
 * handed from one end to the other.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { FileChunk, FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError } from '#lib/errors.ts'
import { prepareOffer } from '../../clients/files/offer/prepare-offer.ts'
import { PeerTransfers } from '../../clients/files/transit/peer-transfers.ts'
import { summaryOf } from '../../clients/store/transfers/transfer.ts'
import type { PlacedTransfer } from '../../clients/store/transfers/transfers.ts'

export interface Offered {
  readonly id: string
  readonly offer: FileOffer
  /** The path of the file or folder. */
  readonly path: string
}

/** Prepare an offer of the file or folder at a path. */
export async function offered(path: string): Promise<Offered> {
  const { offer, path: source } = await prepareOffer(path, { signal: new AbortController().signal })
  return { id: randomBytes(16).toString('hex'), offer, path: source }
}

export class FileEnd {
  readonly peerTransfers: PeerTransfers
  /** The outcomes of transfers that have ended here: `received PATH`, or the code of the error. */
  readonly ends: string[] = []
  /** The codes of the errors that have halted transfers for now. */
  readonly halts: string[] = []
  /** How often the other end has said that it cannot save what comes. */
  pauses = 0
  /** The error with which noting a target path fails, if it is to fail. */
  failure: Error | undefined
  /** Every chunk that was sent from here. */
  readonly sent: FileChunk[] = []
  readonly #offers = new Map<string, FileOffer>()
  readonly #transfers = new Map<string, PlacedTransfer>()
  #isAwake = false
  #waiting: (() => void)[] = []
  #nowMs = 0

  constructor() {
    const end = (id: string, what: string): void => {
      this.ends.push(what)
      const transfer = this.#transfers.get(id)
      if (transfer !== undefined)
        this.put({ ...transfer, state: what.startsWith('received') ? 'received' : 'save-failed' })
      this.wake()
    }
    this.peerTransfers = new PeerTransfers({
      offerOf: (id) => this.#offers.get(id),
      noteEntries: (id, offer) => void this.#offers.set(id, offer),
      noteTargetPath: (id, targetPath) => {
        if (this.failure !== undefined) throw this.failure
        this.put({ ...(this.#transfers.get(id) as PlacedTransfer), targetPath })
      },
      events: {
        onPosition() {},
        onReceived: (id, path) => end(id, `received ${path}`),
        onSaveFailed: (id, error) => end(id, codeOf(error)),
        onPausedByPeer: () => {
          this.pauses += 1
        },
        onHalted: (_id, _position, error) => {
          this.halts.push(codeOf(error))
          this.wake()
        },
        onSourceChanged: (id, error) => end(id, codeOf(error)),
      },
      wake: () => this.wake(),
      monotonicMs: () => this.#nowMs++,
    })
    this.peerTransfers.begin()
  }

  wake(): void {
    this.#isAwake = true
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when a transfer has moved, perhaps before the call. */
  async woken(): Promise<void> {
    if (this.#isAwake) this.#isAwake = false
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  put(transfer: PlacedTransfer): void {
    this.#transfers.set(transfer.id, transfer)
    this.peerTransfers.update([...this.#transfers.values()])
  }

  /** Add a transfer, accepted unless the changes differ. */
  know({ id, offer, path }: Offered, changes: Partial<PlacedTransfer>): void {
    this.#offers.set(id, offer)
    const defaults = { direction: 'uploading', state: 'accepted', position: 0, targetPath: undefined, path } as const
    this.put({
      id,
      contact: 'peer',
      contactId: 1,
      key: 0,
      at: new Date(0),
      ...summaryOf(offer),
      ...defaults,
      ...changes,
    })
  }

  upload(what: Offered): void {
    this.know(what, {})
  }

  download(what: Offered, folder: string): void {
    this.know(what, { direction: 'downloading', path: folder })
  }

  /** Send the other end what is due. Returns whether there was anything. */
  sendTo(other: FileEnd): boolean {
    for (const { id, direction, state } of this.#transfers.values()) {
      const theirs = other.#transfers.get(id)
      const isNews = direction === 'downloading' && state === 'received' && theirs?.state === 'accepted'
      if (isNews) other.put({ ...theirs, state })
    }
    const progress = this.peerTransfers.nextProgress()
    if (progress !== undefined) other.peerTransfers.receiveProgress(progress)
    const chunk = this.peerTransfers.nextChunk()
    if (chunk === undefined) return progress !== undefined
    const copy = { ...chunk, data: Buffer.from(chunk.data) }
    this.sent.push(copy)
    void other.peerTransfers.receiveChunk({ ...copy, data: Buffer.from(copy.data) })
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peerTransfers.stop()
  }
}

/** Exchange what two ends have to send until a condition holds. */
export async function exchangeUntil(one: FileEnd, other: FileEnd, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const hasSent = [one.sendTo(other), other.sendTo(one)].includes(true)
    if (!hasSent && !isOver()) await Promise.race([one.woken(), other.woken()])
  }
}

function codeOf(error: unknown): string {
  return isSottoError(error) ? error.code : String(error)
}

/**
 * The downloads from one identity key of a contact, across their conversations, with those that wait for room.
 *
 * @module
 */
import type { FileChunk, FileOffer, FileProgress } from '#gen/sotto/peer/v1/record.ts'
import { filesStart, lacksEntries, withEntries } from '#lib/delivery/manifest.ts'
import { isSottoError } from '#lib/errors.ts'
import { isOver } from '../../store/transfers/transfer.ts'
import type { PlacedTransfer } from '../../store/transfers/transfers.ts'
import { discardPartial } from '../disk/partial.ts'
import { Content } from '../offer/content.ts'
import { Download } from './download.ts'
import type { PeerTransfersOptions } from './file-transfers.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'
import { ManifestDownload } from './manifest-download.ts'
import { PausedDownloads } from './paused-downloads.ts'
import { ReceiveBuffer } from './receive-buffer.ts'

export class PeerDownloads {
  readonly #options: PeerTransfersOptions
  readonly #track: (ended: Promise<void>) => void
  readonly #downloads = new Map<string, IncomingTransfer>()
  /** The downloads that ended here though they may not be over; this program does not try them again. */
  readonly #left = new Set<string>()
  readonly #paused = new PausedDownloads()
  /** The downloads whose leftovers on the disk were removed. */
  readonly #cleared = new Set<string>()
  readonly #buffer = new ReceiveBuffer()
  #isStopped = false
  #transfers: readonly PlacedTransfer[] = []

  /** @param track - Takes what ends with the last use of a file that was let go of. */
  constructor(options: PeerTransfersOptions, track: (ended: Promise<void>) => void) {
    this.#options = options
    this.#track = track
  }

  /** Whether something is to flow that nobody has to decide about. */
  get isWanted(): boolean {
    return this.#wanted.length > 0
  }

  get #wanted(): readonly PlacedTransfer[] {
    const isToFlow = (id: string): boolean => !this.#left.has(id) && !this.#paused.isWaiting(id)
    return this.#transfers.filter(
      ({ id, direction, state }) => direction === 'downloading' && state === 'accepted' && isToFlow(id),
    )
  }

  /** The position up to which it is here, if it flows. */
  positionOf(id: string): number | undefined {
    return this.#downloads.get(id)?.position
  }

  /** Take the transfers as they are now: begin those that are accepted, and end those that are over. */
  update(transfers: readonly PlacedTransfer[]): void {
    if (this.#isStopped) return
    this.#transfers = transfers
    const current = new Map(transfers.map((transfer) => [transfer.id, transfer]))
    for (const ids of [this.#left, this.#cleared]) {
      for (const id of ids) if (!current.has(id)) ids.delete(id)
    }
    this.#paused.keepOnly(new Set(transfers.flatMap((transfer) => (isOver(transfer) ? [] : [transfer.id]))))
    for (const [id, download] of this.#downloads) {
      const transfer = current.get(id)
      if (transfer !== undefined && !isOver(transfer)) continue
      this.#cleared.add(id)
      this.#downloads.delete(id)
      this.#track(download.discard())
    }
    for (const transfer of transfers) this.#clear(transfer)
    for (const transfer of this.#wanted) if (!this.#downloads.has(transfer.id)) this.#download(transfer)
  }

  /** Clear what is left of a transfer: it may have ended while no program ran that could do so. */
  #clear(transfer: PlacedTransfer): void {
    const { id, direction, state, path: folder } = transfer
    const isLeft = direction === 'downloading' && isOver(transfer) && state !== 'received'
    if (!isLeft || folder === undefined || this.#cleared.has(id)) return
    this.#cleared.add(id)
    // What cannot be removed is hidden, and says by its name whose it is.
    this.#track(discardPartial(folder, id))
  }

  #download(transfer: PlacedTransfer): void {
    const { id, path: folder } = transfer
    const offer = this.#options.offerOf(id)
    if (offer === undefined || folder === undefined) return
    if (lacksEntries(offer)) this.#downloadManifest(id, offer)
    else this.#downloadFiles(transfer, offer, folder)
  }

  /** One at a time, for each is held in memory. */
  #downloadManifest(id: string, offer: FileOffer): void {
    const { noteEntries, events, wake } = this.#options
    const isAnother = this.#downloads.values().some((each) => each instanceof ManifestDownload)
    if (isAnother || offer.manifest === undefined) return
    const goOn = (encoded: Uint8Array): void => {
      this.#downloads.delete(id)
      try {
        noteEntries(id, withEntries(offer, encoded))
      } catch (error) {
        if (isSottoError(error, 'ERR_FILE_DAMAGED')) {
          this.#left.add(id)
          events.onSaveFailed(id, error)
        } else {
          this.pause(id, 0)
          events.onHalted(id, 0, error)
        }
      }
      this.update(this.#transfers)
    }
    this.#downloads.set(id, new ManifestDownload({ id, manifest: offer.manifest, onNews: wake, onWhole: goOn }))
    wake()
  }

  #downloadFiles({ id, targetPath, files, position }: PlacedTransfer, offer: FileOffer, folder: string): void {
    const { noteTargetPath, events, wake } = this.#options
    const start = filesStart(offer)
    const over = (): void => {
      this.#left.add(id)
      this.#downloads.delete(id)
    }
    const download: Download = new Download({
      id,
      content: new Content(offer, { asSaved: true }),
      start,
      isFolder: files !== undefined,
      folder,
      targetPath,
      buffer: this.#buffer,
      noteTargetPath: (path) => noteTargetPath(id, path),
      onNews: () => {
        events.onPosition(id, download.position ?? 0)
        wake()
      },
      onReceived: (path) => {
        events.onReceived(id, path)
        over()
      },
      onFailed: (error) => {
        over()
        events.onSaveFailed(id, error)
      },
      onHalted: (error) => {
        const reached = download.position ?? position
        this.#downloads.delete(id)
        this.pause(id, reached, start)
        events.onHalted(id, reached, error)
      },
    })
    this.#downloads.set(id, download)
  }

  /** A conversation begins. */
  begin(): void {
    this.#paused.begin()
    for (const download of this.#downloads.values()) download.begin()
    this.update(this.#transfers)
  }

  /** A download is to wait until {@link retry} finds that it may go on; the other side is told. */
  pause(id: string, position: number, start = 0): void {
    this.#paused.add(id, position, start)
    this.#options.wake()
  }

  /** Whether anything waits here for room. */
  get hasPaused(): boolean {
    return this.#paused.size > 0
  }

  /** Go on with what waits here, where there is room again. @returns whether anything does. */
  async retry(): Promise<boolean> {
    const isAny = await this.#paused.retry(this.#transfers)
    if (isAny) this.update(this.#transfers)
    return isAny && !this.#isStopped
  }

  nextProgress(): FileProgress | undefined {
    const paused = this.#paused.nextProgress()
    if (paused !== undefined) return paused
    for (const [id, download] of this.#downloads) {
      const progress = download.progress()
      if (progress === undefined) continue
      // The others come first next time.
      this.#downloads.delete(id)
      this.#downloads.set(id, download)
      return progress
    }
    return undefined
  }

  receiveChunk(chunk: FileChunk): Promise<void> | undefined {
    return this.#downloads.get(chunk.offerId.toString('hex'))?.receive(chunk)
  }

  /** Let go of all files: none is downloaded any more. What is left of them is done when this resolves. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const downloads = [...this.#downloads.values()]
    this.#downloads.clear()
    await Promise.all(downloads.map((download) => download.stop()))
  }
}

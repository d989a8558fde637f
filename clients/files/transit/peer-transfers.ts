/**
 * The bytes of files between this profile and one identity key of a contact, across their conversations.
 *
 * @module
 */
import { type FileChunk, type FileOffer, type FileProgress, FileProgressPause } from '#gen/sotto/peer/v1/record.ts'
import { filesStart, lacksEntries, manifestOf, withEntries } from '#lib/delivery/manifest.ts'
import { isSottoError } from '#lib/errors.ts'
import { isOver } from '../../store/transfers/transfer.ts'
import type { PlacedTransfer } from '../../store/transfers/transfers.ts'
import { discardPartial } from '../disk/partial.ts'
import { Content } from '../offer/content.ts'
import { Download } from './download.ts'
import type { FileTransfers, PeerTransfersOptions } from './file-transfers.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'
import { ManifestDownload } from './manifest-download.ts'
import { PausedDownloads } from './paused-downloads.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { SendWindow } from './send-window.ts'
import { Upload } from './upload.ts'

/** How many uploads take turns: each has a file open, and up to 2 MiB read ahead. */
const MOST_IN_TURN = 4

export class PeerTransfers implements FileTransfers {
  readonly #options: PeerTransfersOptions
  readonly #uploads = new Map<string, Upload>()
  readonly #downloads = new Map<string, IncomingTransfer>()
  /** The transfers that ended here though they may not be over; this program does not try them again. */
  readonly #left = new Set<string>()
  readonly #paused = new PausedDownloads()
  /** The transfers whose leftovers on the disk were removed. */
  readonly #cleared = new Set<string>()
  /** The endings that are under way. */
  readonly #ending = new Set<Promise<void>>()
  /** The progress that the other side reported before its answer that it accepts the offer. */
  readonly #early = new Map<string, FileProgress>()
  readonly #buffer = new ReceiveBuffer()
  #window = new SendWindow()
  /** The one whose turn it was. */
  #turn = 0
  #isOpen = false
  #isStopped = false
  #transfers: readonly PlacedTransfer[] = []

  constructor(options: PeerTransfersOptions) {
    this.#options = options
  }

  /** Whether something is to flow that nobody has to decide about. */
  get isWanted(): boolean {
    return this.#wanted.length > 0
  }

  /** The position up to which the receiver has it, if it flows. */
  positionOf(id: string): number | undefined {
    return this.#downloads.get(id)?.position ?? this.#uploads.get(id)?.position
  }

  /** Take the transfers with this key as they are now: begin those that are accepted, and end those that are over. */
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
      this.#drop(this.#downloads, id, download.discard())
    }
    for (const transfer of transfers) this.#clear(transfer)
    for (const id of this.#uploads.keys()) if (current.get(id)?.state !== 'accepted') this.#endUpload(id)
    for (const transfer of this.#wanted) this.#carry(transfer)
  }

  get #wanted(): readonly PlacedTransfer[] {
    const isToFlow = (id: string): boolean => !this.#left.has(id) && !this.#paused.isWaiting(id)
    return this.#transfers.filter(({ id, state }) => state === 'accepted' && isToFlow(id))
  }

  #carry(transfer: PlacedTransfer): void {
    const { id, direction } = transfer
    if (direction === 'downloading' && !this.#downloads.has(id)) this.#download(transfer)
    if (direction === 'uploading' && this.#isOpen && !this.#uploads.has(id)) this.#upload(transfer)
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

  #upload({ id, path }: PlacedTransfer): void {
    const { offerOf, events, wake } = this.#options
    const offer = offerOf(id)
    if (offer === undefined || path === undefined) return
    const onFailed = (error: unknown): void => {
      this.#left.add(id)
      this.#endUpload(id)
      events.onSourceChanged(id, error)
    }
    const parts = { manifest: manifestOf(offer), content: new Content(offer) }
    this.#uploads.set(id, new Upload({ id, ...parts, path, onReady: wake, onFailed }))
    const early = this.#early.get(id)
    if (early !== undefined) this.receiveProgress(early)
  }

  #endUpload(id: string): void {
    const upload = this.#uploads.get(id)
    if (upload === undefined) return
    this.#window.drop(upload.inFlight)
    this.#drop(this.#uploads, id, upload.stop())
    this.#options.wake()
  }

  #drop(from: Map<string, unknown>, id: string, ended: Promise<void>): void {
    from.delete(id)
    this.#track(ended)
  }

  #track(ended: Promise<void>): void {
    // A file that does not close is of no more use to anybody.
    const ending: Promise<void> = ended.catch(() => undefined).finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  begin(): void {
    this.end()
    this.#isOpen = true
    this.#paused.begin()
    for (const download of this.#downloads.values()) download.begin()
    this.update(this.#transfers)
  }

  end(): void {
    this.#isOpen = false
    this.#window = new SendWindow()
    this.#early.clear()
    for (const [id, upload] of this.#uploads) this.#drop(this.#uploads, id, upload.stop())
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

  nextChunk(): FileChunk | undefined {
    if (!this.#window.hasRoom) return undefined
    const wanted = [...this.#uploads.values()].filter((upload) => upload.isWanted).slice(0, MOST_IN_TURN)
    for (let tries = wanted.length; tries > 0; tries -= 1) {
      this.#turn = (this.#turn + 1) % wanted.length
      const chunk = wanted[this.#turn]?.next()
      if (chunk === undefined) continue
      this.#window.sent(chunk.data.length, this.#options.monotonicMs())
      return chunk
    }
    return undefined
  }

  receiveChunk(chunk: FileChunk): Promise<void> | undefined {
    return this.#downloads.get(chunk.offerId.toString('hex'))?.receive(chunk)
  }

  receiveProgress(progress: FileProgress): void {
    const id = progress.offerId.toString('hex')
    const upload = this.#uploads.get(id)
    if (upload === undefined && this.#isOffered(id)) this.#early.set(id, progress)
    if (progress.pause !== FileProgressPause.UNSPECIFIED) {
      this.#receivePause(id, progress)
      return
    }
    const got = upload?.receiveProgress(progress.received)
    if (upload === undefined || got === undefined) return
    this.#window.acknowledged(got, this.#options.monotonicMs())
    this.#options.events.onPosition(id, upload.position)
    this.#options.wake()
  }

  #receivePause(id: string, { received }: FileProgress): void {
    const upload = this.#uploads.get(id)
    const inFlight = upload?.pause(received)
    if (inFlight !== undefined) this.#window.drop(inFlight)
    const position = upload?.position ?? Number(received)
    if (inFlight !== undefined || this.#isOffered(id)) this.#options.events.onPausedByPeer(id, position)
    this.#options.wake()
  }

  #isOffered(id: string): boolean {
    return this.#transfers.some((each) => each.id === id && each.direction === 'uploading' && each.state === 'offered')
  }

  /** Let go of all files: afterwards nothing of it is used. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.end()
    const downloads = [...this.#downloads.values()]
    this.#downloads.clear()
    await Promise.all([...this.#ending, ...downloads.map((download) => download.stop())])
  }
}

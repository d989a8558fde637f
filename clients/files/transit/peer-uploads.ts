/**
 * The uploads to one identity key of a contact: in each conversation they take turns, and share a window.
 *
 * @module
 */
import { type FileChunk, type FileProgress, FileProgressPause } from '#gen/sotto/peer/v1/record.ts'
import { manifestOf } from '#lib/delivery/manifest.ts'
import type { PlacedTransfer } from '../../store/transfers/transfers.ts'
import { Content } from '../offer/content.ts'
import type { PeerTransfersOptions } from './file-transfers.ts'
import { SendWindow } from './send-window.ts'
import { Upload } from './upload.ts'

/** How many uploads take turns: each has a file open, and up to 2 MiB read ahead. */
const MOST_IN_TURN = 4

export class PeerUploads {
  readonly #options: PeerTransfersOptions
  readonly #track: (ended: Promise<void>) => void
  readonly #uploads = new Map<string, Upload>()
  /** The uploads that ended here though they may not be over; this program does not try them again. */
  readonly #left = new Set<string>()
  /** The progress that the other side reported before its answer that it accepts the offer. */
  readonly #early = new Map<string, FileProgress>()
  #window = new SendWindow()
  /** The one whose turn it was. */
  #turn = 0
  #isOpen = false
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
    return this.#transfers.filter(
      ({ id, direction, state }) => direction === 'uploading' && state === 'accepted' && !this.#left.has(id),
    )
  }

  /** The position up to which the other side has it, if it flows. */
  positionOf(id: string): number | undefined {
    return this.#uploads.get(id)?.position
  }

  /** Take the transfers as they are now: begin those that are accepted, in a conversation, and end those that are over. */
  update(transfers: readonly PlacedTransfer[]): void {
    if (this.#isStopped) return
    this.#transfers = transfers
    const current = new Map(transfers.map((transfer) => [transfer.id, transfer]))
    for (const id of this.#left) if (!current.has(id)) this.#left.delete(id)
    for (const id of this.#uploads.keys()) if (current.get(id)?.state !== 'accepted') this.#endUpload(id)
    if (!this.#isOpen) return
    for (const transfer of this.#wanted) if (!this.#uploads.has(transfer.id)) this.#upload(transfer)
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
    this.#drop(id, upload)
    this.#options.wake()
  }

  #drop(id: string, upload: Upload): void {
    this.#uploads.delete(id)
    this.#track(upload.stop())
  }

  /** A conversation begins. */
  begin(): void {
    this.end()
    this.#isOpen = true
    this.update(this.#transfers)
  }

  /** The conversation has ended. */
  end(): void {
    this.#isOpen = false
    this.#window = new SendWindow()
    this.#early.clear()
    for (const [id, upload] of this.#uploads) this.#drop(id, upload)
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

  /** Let go of all files: none is uploaded any more. */
  stop(): void {
    this.#isStopped = true
    this.end()
  }
}

/**
 * The bytes of files between this profile and one identity key of a contact, across their conversations.
 *
 * @module
 */
import type { FileChunk, FileProgress } from '#gen/sotto/peer/v1/record.ts'
import type { PlacedTransfer } from '../../store/transfers/transfers.ts'
import type { FileTransfers, PeerTransfersOptions } from './file-transfers.ts'
import { PeerDownloads } from './peer-downloads.ts'
import { PeerUploads } from './peer-uploads.ts'

export class PeerTransfers implements FileTransfers {
  readonly #downloads: PeerDownloads
  readonly #uploads: PeerUploads
  /** The endings that are under way. */
  readonly #ending = new Set<Promise<void>>()

  constructor(options: PeerTransfersOptions) {
    const track = (ended: Promise<void>): void => this.#track(ended)
    this.#downloads = new PeerDownloads(options, track)
    this.#uploads = new PeerUploads(options, track)
  }

  #track(ended: Promise<void>): void {
    // A file that does not close is of no more use to anybody.
    const ending: Promise<void> = ended.catch(() => undefined).finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  /** Whether something is to flow that nobody has to decide about. */
  get isWanted(): boolean {
    return this.#downloads.isWanted || this.#uploads.isWanted
  }

  /** The position up to which the receiver has it, if it flows. */
  positionOf(id: string): number | undefined {
    return this.#downloads.positionOf(id) ?? this.#uploads.positionOf(id)
  }

  /** Take the transfers with this key as they are now: begin those that are accepted, and end those that are over. */
  update(transfers: readonly PlacedTransfer[]): void {
    this.#downloads.update(transfers)
    this.#uploads.update(transfers)
  }

  begin(): void {
    this.#downloads.begin()
    this.#uploads.begin()
  }

  end(): void {
    this.#uploads.end()
  }

  /** A download is to wait until {@link retry} finds that it may go on; the other side is told. */
  pause(id: string, position: number): void {
    this.#downloads.pause(id, position)
  }

  /** Whether anything waits here for room. */
  get hasPaused(): boolean {
    return this.#downloads.hasPaused
  }

  /** Go on with what waits here, where there is room again. @returns whether anything does. */
  async retry(): Promise<boolean> {
    return await this.#downloads.retry()
  }

  nextProgress(): FileProgress | undefined {
    return this.#downloads.nextProgress()
  }

  nextChunk(): FileChunk | undefined {
    return this.#uploads.nextChunk()
  }

  receiveChunk(chunk: FileChunk): Promise<void> | undefined {
    return this.#downloads.receiveChunk(chunk)
  }

  receiveProgress(progress: FileProgress): void {
    this.#uploads.receiveProgress(progress)
  }

  /** Let go of all files: afterwards nothing of it is used. */
  async stop(): Promise<void> {
    this.#uploads.stop()
    const downloads = this.#downloads.stop()
    await Promise.all([...this.#ending, downloads])
  }
}

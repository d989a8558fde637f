/**
 * Download the manifest of an offer, which comes before its files. It is held in memory until it is whole, and asked for
 * from its beginning by another program.
 *
 * @module
 */
import { type FileChunk, type FileManifest, type FileProgress, FileProgressPause } from '#gen/sotto/peer/v1/record.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'

export interface ManifestDownloadOptions {
  readonly id: string
  readonly manifest: FileManifest
  /** There is something to report. */
  readonly onNews: () => void
  /** All of it is there. */
  readonly onWhole: (encoded: Uint8Array) => void
}

export class ManifestDownload implements IncomingTransfer {
  /** None of the files is there. */
  readonly position = 0
  readonly #options: ManifestDownloadOptions
  readonly #pieces: Buffer[] = []
  #received = 0
  /** The position that was reported in this conversation. */
  #reported: number | undefined

  constructor(options: ManifestDownloadOptions) {
    this.#options = options
  }

  begin(): void {
    this.#reported = undefined
  }

  /** That all of it is there is reported by the download of the files, which is ready for them then. */
  progress(): FileProgress | undefined {
    const { id, manifest } = this.#options
    if (this.#received === manifest.size || this.#received === this.#reported) return undefined
    this.#reported = this.#received
    return { offerId: Buffer.from(id, 'hex'), received: BigInt(this.#received), pause: FileProgressPause.UNSPECIFIED }
  }

  /** Take in a piece. One that does not begin where it ends, or goes beyond the manifest, is ignored. */
  receive({ offset, data }: FileChunk): undefined {
    const { manifest, onNews, onWhole } = this.#options
    const end = this.#received + data.length
    if (this.#reported === undefined || offset !== BigInt(this.#received) || end > manifest.size) return
    // Copied: small pieces would otherwise each keep the record that they came in.
    this.#pieces.push(Buffer.from(data))
    this.#received = end
    if (end === manifest.size) onWhole(Buffer.concat(this.#pieces))
    else onNews()
  }

  async stop(): Promise<void> {
    this.#pieces.length = 0
  }

  async discard(): Promise<void> {
    await this.stop()
  }
}

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

const NOTHING = Buffer.alloc(0)

export class ManifestDownload implements IncomingTransfer {
  /** None of the files is there. */
  readonly position = 0
  readonly #options: ManifestDownloadOptions
  /** What came, at the beginning of memory that grows with it. */
  #encoded = NOTHING
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
    this.#add(data)
    if (end === manifest.size) onWhole(this.#encoded.subarray(0, end))
    else onNews()
  }

  /** Copied, for a buffer to each piece would be a hundred times as large where they have a byte each. */
  #add(data: Uint8Array): void {
    const end = this.#received + data.length
    if (end > this.#encoded.length) {
      const size = Math.min(this.#options.manifest.size, Math.max(2 * this.#encoded.length, end))
      const larger = Buffer.allocUnsafeSlow(size)
      larger.set(this.#encoded.subarray(0, this.#received))
      this.#encoded = larger
    }
    this.#encoded.set(data, this.#received)
    this.#received = end
  }

  async stop(): Promise<void> {
    this.#encoded = NOTHING
    this.#reported = undefined
  }

  async discard(): Promise<void> {
    await this.stop()
  }
}

/**
 * Upload one file or folder in one conversation: from where the other side asks for it, in pieces, a little of it read
 * ahead.
 *
 * @module
 */
import type { FileChunk } from '#gen/sotto/peer/v1/record.ts'
import { MAX_CHUNK_BYTES } from '#lib/delivery/limits.ts'
import type { Content } from '../offer/content.ts'
import { Source } from '../offer/source.ts'

export interface UploadOptions {
  readonly id: string
  readonly content: Content
  /** The path that it lies at. */
  readonly path: string
  /** A piece is at hand. */
  readonly onReady: () => void
  /** The upload has failed: the file cannot be read any more. */
  readonly onFailed: (error: unknown) => void
}

/** How much is read at a time, in bytes: to ask the disk costs as much as some pieces do to say. */
const BLOCK_BYTES = 16 * MAX_CHUNK_BYTES

/** How many such blocks are at hand or on their way from the disk: one to be sent, one to be read meanwhile. */
const BLOCKS_AHEAD = 2

export class Upload {
  readonly id: string
  readonly #options: UploadOptions
  readonly #source: Source
  #blocks: Buffer[] = []
  /**
   * The buffers for blocks, each used again when all of it is sent: a new one for each block would be much to clean up.
   */
  readonly #spare: Buffer[] = []
  /** How much of the first block was sent. */
  #sentOfBlock = 0
  /** The position of the next chunk; undefined until the other side has said from where it wants it. */
  #sent: number | undefined
  #acknowledged = 0
  /** The position up to which it is read. */
  #read = 0
  #reading: Promise<void> | undefined
  /** How often the other side has paused it: what was being read until then is not what comes next. */
  #pauses = 0
  #isOver = false

  constructor(options: UploadOptions) {
    this.id = options.id
    this.#options = options
    this.#source = new Source(options.content, options.path)
  }

  /** Whether the other side has said from where it wants it, and there is more to say. */
  get isWanted(): boolean {
    return this.#sent !== undefined && this.#sent < this.#options.content.size
  }

  /** The position up to which the other side has it, as it has reported. */
  get position(): number {
    return this.#acknowledged
  }

  /** How much is on its way, in bytes. */
  get inFlight(): number {
    return this.#sent === undefined ? 0 : this.#sent - this.#acknowledged
  }

  /**
   * The other side says up to where it has it.
   *
   * @returns how many bytes it has got of what was sent; undefined if that cannot be.
   */
  receiveProgress(received: bigint): number | undefined {
    const isFirst = this.#sent === undefined
    if (received > (this.#sent ?? this.#options.content.size)) return undefined
    if (received < this.#acknowledged && !isFirst) return undefined
    const got = isFirst ? 0 : Number(received) - this.#acknowledged
    this.#acknowledged = Number(received)
    if (isFirst) {
      this.#sent = this.#acknowledged
      this.#read = this.#acknowledged
    }
    return got
  }

  /**
   * The other side cannot save it now: what it has not got counts as not sent, and it says anew from where it wants it.
   *
   * @returns how many bytes were on their way; undefined if it cannot be.
   */
  pause(received: bigint): number | undefined {
    if (received > this.#options.content.size) return undefined
    const { inFlight } = this
    this.#sent = undefined
    this.#acknowledged = Number(received)
    this.#pauses += 1
    this.#blocks = []
    this.#sentOfBlock = 0
    return inFlight
  }

  /** The next piece, if it is at hand. Its bytes are good until the next call. */
  next(): FileChunk | undefined {
    if (this.#isOver || this.#sent === undefined) return undefined
    this.#reuseSent()
    this.#readAhead()
    const [block] = this.#blocks
    if (block === undefined) return undefined
    const data = block.subarray(this.#sentOfBlock, this.#sentOfBlock + MAX_CHUNK_BYTES)
    const offset = this.#sent
    this.#sent += data.length
    this.#sentOfBlock += data.length
    return { offerId: Buffer.from(this.id, 'hex'), offset: BigInt(offset), data }
  }

  #reuseSent(): void {
    const [block] = this.#blocks
    if (block === undefined || this.#sentOfBlock < block.length) return
    this.#blocks.shift()
    this.#spare.push(block)
    this.#sentOfBlock = 0
  }

  /** Have the next pieces read from the disk. */
  #readAhead(): void {
    const { content, onFailed } = this.#options
    const isEnough = this.#blocks.length >= BLOCKS_AHEAD || this.#read === content.size || this.#sent === undefined
    if (isEnough || this.#isOver || this.#reading !== undefined) return
    this.#reading = this.#readBlock().then(
      () => {
        this.#reading = undefined
        this.#readAhead()
      },
      (error: unknown) => {
        this.#reading = undefined
        if (!this.#isOver) onFailed(error)
      },
    )
  }

  async #readBlock(): Promise<void> {
    const pauses = this.#pauses
    const length = Math.min(BLOCK_BYTES, this.#options.content.size - this.#read)
    const block = (this.#spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES)).subarray(0, length)
    await this.#source.read(this.#read, block)
    if (this.#isOver || pauses !== this.#pauses) return
    this.#read += length
    this.#blocks.push(block)
    if (this.#blocks.length === 1) this.#options.onReady()
  }

  /** Say nothing more of it. */
  async stop(): Promise<void> {
    this.#isOver = true
    this.#blocks = []
    await this.#reading
    await this.#source.close()
  }
}

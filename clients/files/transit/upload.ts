/**
 * Upload one file or folder in one conversation: from where the other side asks for it, in pieces, a little of it read
 * ahead.
 *
 * @module
 */
import type { FileChunk } from '#gen/sotto/peer/v1/record.ts'
import { MAX_CHUNK_BYTES } from '#lib/delivery/limits.ts'
import { leaveYoungGarbage } from '#lib/runtime/memory/young-garbage.ts'
import type { Content } from '../offer/content.ts'
import { Source } from '../offer/source.ts'

export interface UploadOptions {
  readonly id: string
  /** What comes before the files; nothing where the offer has their entries. */
  readonly manifest: Uint8Array
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

/** What was read into a buffer. */
interface Block {
  readonly buffer: Buffer
  readonly length: number
}

export class Upload {
  readonly id: string
  readonly #options: UploadOptions
  readonly #source: Source
  #blocks: Block[] = []
  /**
   * The buffers for blocks, each used again when all of it is sent: a new one for each block would be much to clean up.
   */
  readonly #spare: Buffer[] = []
  /** The size of all that there is to say: of the manifest and of the files. */
  readonly #size: number
  /** How much of the first block was sent. */
  #sentOfBlock = 0
  /** The position of the next chunk; undefined until the other side has said from where it wants it. */
  #sent: number | undefined
  #acknowledged = 0
  /** The position up to which it is read. */
  #read = 0
  #reading: Promise<void> | undefined
  /** How often it went on elsewhere: what was being read until then is not what comes next. */
  #jumps = 0
  #isOver = false

  constructor(options: UploadOptions) {
    this.id = options.id
    this.#options = options
    this.#size = options.manifest.length + options.content.size
    this.#source = new Source(options.content, options.path)
  }

  /** Whether the other side has said from where it wants it, and there is more to say. */
  get isWanted(): boolean {
    return this.#sent !== undefined && this.#sent < this.#size && !this.#isBeforeFiles
  }

  /** Whether all of the manifest is sent, and the other side has not said that it is ready for the files. */
  get #isBeforeFiles(): boolean {
    const { length } = this.#options.manifest
    return this.#sent === length && this.#acknowledged < length
  }

  /** The position up to which the other side has the files, as it has reported. */
  get position(): number {
    return Math.max(0, this.#acknowledged - this.#options.manifest.length)
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
    const position = Number(received)
    // Of its files the other side may have some already, whose names it has only now.
    const isNew = this.#sent === undefined || (this.#isBeforeFiles && position >= this.#options.manifest.length)
    if (received > (isNew ? this.#size : (this.#sent ?? 0))) return undefined
    if (position < this.#acknowledged && this.#sent !== undefined) return undefined
    const got = this.#sent === undefined ? 0 : Math.min(position, this.#sent) - this.#acknowledged
    this.#acknowledged = position
    if (isNew && position !== this.#sent) this.#goOnFrom(position)
    return got
  }

  /** What is read ahead is not what comes next. */
  #goOnFrom(position: number | undefined): void {
    this.#sent = position
    this.#read = position ?? 0
    this.#jumps += 1
    this.#blocks = []
    this.#sentOfBlock = 0
  }

  /**
   * The other side cannot save it now: what it has not got counts as not sent, and it says anew from where it wants it.
   *
   * @returns how many bytes were on their way; undefined if it cannot be.
   */
  pause(received: bigint): number | undefined {
    if (received > this.#size) return undefined
    const { inFlight } = this
    this.#acknowledged = Number(received)
    this.#goOnFrom(undefined)
    return inFlight
  }

  /** The next piece, if it is at hand. Its bytes are good until the next call. */
  next(): FileChunk | undefined {
    if (this.#isOver || this.#sent === undefined) return undefined
    this.#reuseSent()
    this.#readAhead()
    const [block] = this.#blocks
    if (block === undefined || this.#isBeforeFiles) return undefined
    const end = Math.min(block.length, this.#sentOfBlock + MAX_CHUNK_BYTES)
    const data = block.buffer.subarray(this.#sentOfBlock, end)
    const offset = this.#sent
    this.#sent += data.length
    this.#sentOfBlock += data.length
    leaveYoungGarbage(data.length)
    return { offerId: Buffer.from(this.id, 'hex'), offset: BigInt(offset), data }
  }

  #reuseSent(): void {
    const [block] = this.#blocks
    if (block === undefined || this.#sentOfBlock < block.length) return
    this.#blocks.shift()
    this.#spare.push(block.buffer)
    this.#sentOfBlock = 0
  }

  /** Have the next pieces read from the disk. */
  #readAhead(): void {
    const { onFailed } = this.#options
    const isEnough = this.#blocks.length >= BLOCKS_AHEAD || this.#read === this.#size || this.#sent === undefined
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
    const jumps = this.#jumps
    const { manifest } = this.#options
    // A block ends with the manifest, as a piece does.
    const end = this.#read < manifest.length ? manifest.length : this.#size
    const length = Math.min(BLOCK_BYTES, end - this.#read)
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES)
    if (this.#read < manifest.length) buffer.set(manifest.subarray(this.#read, this.#read + length))
    else await this.#source.read(this.#read - manifest.length, buffer.subarray(0, length))
    if (this.#isOver || jumps !== this.#jumps) return
    this.#read += length
    this.#blocks.push({ buffer, length })
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

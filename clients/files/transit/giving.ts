/**
 * Giving one file or folder in one conversation: from where the other side asks for it, in pieces, a little of it read
 * ahead.
 *
 * @module
 */
import type { FileChunk } from '#gen/sotto/peer/v1/record.ts'
import { MAX_CHUNK_BYTES } from '#lib/delivery/limits.ts'
import type { Content } from '../offer/content.ts'
import { Source } from '../offer/source.ts'

export interface GivingOptions {
  readonly id: string
  readonly content: Content
  /** Where it lies. */
  readonly path: string
  /** A piece is at hand. */
  readonly onReady: () => void
  /** It cannot be read any more. */
  readonly onFailed: (error: unknown) => void
}

/** How much is read at a time, in bytes: to ask the disk costs as much as some pieces do to say. */
const BLOCK_BYTES = 16 * MAX_CHUNK_BYTES

/** How many such blocks are at hand or on their way from the disk: one to be said, one to be read meanwhile. */
const BLOCKS_AHEAD = 2

export class Giving {
  readonly id: string
  readonly #options: GivingOptions
  readonly #source: Source
  #blocks: Buffer[] = []
  /** What blocks are read into, each again when all of it was said: a new one for each would be much to clean up. */
  readonly #spare: Buffer[] = []
  /** How much of the first of them. */
  #saidOfBlock = 0
  /** Undefined until the other side has said from where it wants it. */
  #said: number | undefined
  #heard = 0
  /** Up to where it is read. */
  #read = 0
  #reading: Promise<void> | undefined
  #isOver = false

  constructor(options: GivingOptions) {
    this.id = options.id
    this.#options = options
    this.#source = new Source(options.content, options.path)
  }

  /** Whether the other side has said from where it wants it, and there is more to say. */
  get isWanted(): boolean {
    return this.#said !== undefined && this.#said < this.#options.content.size
  }

  /** Up to where the other side has it, as far as it has said. */
  get position(): number {
    return this.#heard
  }

  /** How much is on its way, in bytes. */
  get inFlight(): number {
    return this.#said === undefined ? 0 : this.#said - this.#heard
  }

  /**
   * The other side says up to where it has it.
   *
   * @returns how many bytes it has got of what was said; undefined if that cannot be.
   */
  hear(received: bigint): number | undefined {
    const isFirst = this.#said === undefined
    if (received < this.#heard || received > (this.#said ?? this.#options.content.size)) return undefined
    const got = isFirst ? 0 : Number(received) - this.#heard
    this.#heard = Number(received)
    if (isFirst) {
      this.#said = this.#heard
      this.#read = this.#heard
    }
    return got
  }

  /** The next piece, if it is at hand. Its bytes are good until the next call. */
  next(): FileChunk | undefined {
    if (this.#isOver || this.#said === undefined) return undefined
    this.#reuseSaid()
    this.#readAhead()
    const [block] = this.#blocks
    if (block === undefined) return undefined
    const data = block.subarray(this.#saidOfBlock, this.#saidOfBlock + MAX_CHUNK_BYTES)
    const offset = this.#said
    this.#said += data.length
    this.#saidOfBlock += data.length
    return { offerId: Buffer.from(this.id, 'hex'), offset: BigInt(offset), data }
  }

  #reuseSaid(): void {
    const [block] = this.#blocks
    if (block === undefined || this.#saidOfBlock < block.length) return
    this.#blocks.shift()
    this.#spare.push(block)
    this.#saidOfBlock = 0
  }

  /** Have the next pieces read from the disk. */
  #readAhead(): void {
    const { content, onFailed } = this.#options
    const isEnough = this.#blocks.length >= BLOCKS_AHEAD || this.#read === content.size
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
    const length = Math.min(BLOCK_BYTES, this.#options.content.size - this.#read)
    const block = (this.#spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES)).subarray(0, length)
    await this.#source.read(this.#read, block)
    if (this.#isOver) return
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

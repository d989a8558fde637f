/**
 * Download one file or folder, across the conversations that carry it: writes what comes, in order and one write at a
 * time, and says how far it is.
 *
 * @module
 */

import { join } from 'node:path'
import { type FileChunk, type FileProgress, FileProgressPause } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError } from '#lib/errors.ts'
import { release } from '#lib/release.ts'
import { leaveYoungGarbage } from '#lib/runtime/memory/young-garbage.ts'
import { isOfRoom, kept } from '../disk/disk-errors.ts'
import { finalize, wasFinalized } from '../disk/finalize.ts'
import { discardPartial, Partial, partialPath } from '../disk/partial.ts'
import type { Content } from '../offer/content.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'
import type { ReceiveBuffer } from './receive-buffer.ts'

export interface DownloadOptions {
  readonly id: string
  readonly content: Content
  /** The position at which the files begin, behind the manifest. */
  readonly start: number
  readonly isFolder: boolean
  /** The folder that it comes to. */
  readonly folder: string
  /** The path that it was about to get when the program ended, if it was. */
  readonly targetPath: string | undefined
  /** The pieces of this and of all other files of the same person that wait to be written. */
  readonly buffer: ReceiveBuffer
  readonly noteTargetPath: (targetPath: string) => void
  /** There is something to report. */
  readonly onNews: () => void
  /** All of it is there, under this path. What it throws halts the download: another one finds it there. */
  readonly onReceived: (path: string) => void
  /** The download has failed: it cannot be kept, or is not what was offered; nothing of it is left. */
  readonly onFailed: (error: unknown) => void
  /** The disk is full, or the store fails: what has come stays, for another download to continue with. */
  readonly onHalted: (error: unknown) => void
}

/** How many bytes are written between one word of it and the next, while more is coming. */
const REPORT_EVERY_BYTES = 256 * 1024

/** How much is written at a time, in bytes: the hash of it takes half a millisecond. */
const WRITE_BYTES = 1024 * 1024

export class Download implements IncomingTransfer {
  readonly id: string
  readonly #options: DownloadOptions
  #partial: Partial | undefined
  /** The pieces that came and are not written. */
  readonly #queue: Buffer[] = []
  /** The position that it has come to, in bytes. */
  #received = 0
  /** The position on the disk that was reported in this conversation. */
  #reported: number | undefined
  /** Ends with what is being done on the disk. */
  #working: Promise<void>
  #isWriting = false
  #isOver = false
  /** The signal that nobody will look at what came any more. */
  readonly #checking = new AbortController()

  constructor(options: DownloadOptions) {
    this.id = options.id
    this.#options = options
    this.#working = this.#guarded(() => this.#open())
  }

  get position(): number | undefined {
    return this.#partial?.position
  }

  begin(): void {
    this.#reported = undefined
  }

  progress(): FileProgress | undefined {
    if (this.#isOver || this.#partial === undefined) return undefined
    const { position } = this.#partial
    // What is still being written of the last conversation must not come again.
    if (this.#reported === undefined && position < this.#received) return undefined
    if (this.#reported !== undefined && position <= this.#reported) return undefined
    this.#reported = position
    const received = BigInt(this.#options.start + position)
    return { offerId: Buffer.from(this.id, 'hex'), received, pause: FileProgressPause.UNSPECIFIED }
  }

  receive({ offset, data }: FileChunk): Promise<void> | undefined {
    const { start, content } = this.#options
    const isFitting = offset === BigInt(start + this.#received) && this.#received + data.length <= content.size
    if (this.#isOver || this.#partial === undefined || this.#reported === undefined || !isFitting) return undefined
    this.#received += data.length
    this.#queue.push(data)
    const relieved = this.#options.buffer.add([data])
    this.#write()
    return relieved
  }

  async #open(): Promise<void> {
    const { folder, id, content, isFolder, targetPath } = this.#options
    const { name } = content
    if (
      targetPath !== undefined &&
      (await wasFinalized({ from: join(partialPath(folder, id), name), isFolder }, targetPath))
    ) {
      await this.#succeed(targetPath)
      return
    }
    this.#partial = await Partial.open(folder, id, content)
    this.#received = this.#partial.position
    if (this.#received === content.size) await this.#finish(this.#partial)
    else this.#options.onNews()
  }

  #write(): void {
    if (this.#isWriting) return
    this.#isWriting = true
    this.#working = this.#guarded(() => this.#writeAll())
  }

  async #writeAll(): Promise<void> {
    const partial = this.#partial as Partial
    while (this.#queue.length > 0 && !this.#isOver) {
      const pieces = this.#take()
      await partial.append(pieces).finally(() => this.#options.buffer.remove(pieces))
      for (const piece of pieces) {
        leaveYoungGarbage(piece.length)
        release(piece)
      }
      const isCaughtUp = this.#queue.length === 0
      if (isCaughtUp || partial.position - (this.#reported ?? 0) >= REPORT_EVERY_BYTES) this.#options.onNews()
    }
    // No await between the last look and this: what comes after it begins another round.
    this.#isWriting = false
    if (partial.position === this.#options.content.size && !this.#isOver) await this.#finish(partial)
  }

  #take(): Buffer[] {
    let count = 0
    for (let bytes = 0; count < this.#queue.length && bytes < WRITE_BYTES; count += 1) {
      bytes += (this.#queue[count] as Buffer).length
    }
    // In one step: to shift thousands of small ones would move all that are behind them each time.
    return this.#queue.splice(0, count)
  }

  async #finish(partial: Partial): Promise<void> {
    const { folder, content, isFolder, noteTargetPath } = this.#options
    const { name } = content
    await partial.check(this.#checking.signal)
    await partial.close()
    if (this.#isOver) return
    await this.#succeed(await finalize({ from: join(partial.root, name), isFolder, folder, name, noteTargetPath }))
  }

  async #succeed(path: string): Promise<void> {
    const { folder, id, onReceived } = this.#options
    this.#end()
    await discardLeftovers(folder, id)
    try {
      onReceived(path)
    } catch (error) {
      await this.#halt(error)
    }
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await kept(work)
    } catch (error) {
      this.#isWriting = false
      if (this.#isOver || this.#checking.signal.aborted) return
      if (isOfRoom(error) || !isOfIt(error)) return await this.#halt(error)
      await this.#clear()
      this.#options.onFailed(error)
    }
  }

  async #halt(error: unknown): Promise<void> {
    this.#end()
    const { folder, id } = this.#options
    await this.#partial?.close().catch(() => undefined)
    // Its sizes would not tell how far it has come.
    if (this.#partial?.isUnflushed) await discardLeftovers(folder, id)
    this.#options.onHalted(error)
  }

  #end(): void {
    this.#isOver = true
    this.#checking.abort()
    this.#options.buffer.remove(this.#queue.splice(0))
  }

  async #clear(): Promise<void> {
    const { folder, id } = this.#options
    this.#end()
    await this.#partial?.close().catch(() => undefined)
    await discardLeftovers(folder, id)
  }

  /** What waits is written first, and nothing is checked. */
  async stop(): Promise<void> {
    this.#checking.abort()
    while (this.#isWriting) await this.#working
    this.#end()
    await this.#working
    await this.#partial?.close().catch(() => undefined)
  }

  async discard(): Promise<void> {
    this.#end()
    await this.#working
    await this.#clear()
  }
}

/** Whether it is what came that a failure is about, or the disk that it comes to. */
function isOfIt(error: unknown): boolean {
  return isSottoError(error, 'ERR_FILE_SAVE_FAILED') || isSottoError(error, 'ERR_FILE_DAMAGED')
}

/** What cannot be removed is left: it is hidden, and says by its name whose it is. */
async function discardLeftovers(folder: string, id: string): Promise<void> {
  await discardPartial(folder, id).catch(() => undefined)
}

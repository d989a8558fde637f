/**
 * The downloads from one person that this machine cannot save now, as where its disk is full: each is tried again once
 * there is room, and the other side is told in each conversation that it waits.
 *
 * @module
 */
import { statfs } from 'node:fs/promises'
import { type FileProgress, FileProgressPause } from '#gen/sotto/peer/v1/record.ts'
import type { Transfer } from '../../store/transfers/transfer.ts'

/** How many looks are left out at most after attempts that came no further, as where it is a quota that is used up. */
const MOST_LEFT_OUT = 32

interface PausedDownload {
  /** The position that its files have come to, in bytes. */
  readonly position: number
  /** The position at which its files begin. */
  readonly start: number
  /** How many attempts in a row have come no further. */
  readonly attempts: number
  /** How many looks are left out before the next attempt. */
  leftOut: number
  /** Whether it waits; otherwise it is being tried again. */
  isWaiting: boolean
  /** Whether the other side knows that in this conversation. */
  isSent: boolean
}

export class PausedDownloads {
  readonly #paused = new Map<string, PausedDownload>()

  get size(): number {
    return this.#paused.size
  }

  /** Whether a download waits. */
  isWaiting(id: string): boolean {
    return this.#paused.get(id)?.isWaiting === true
  }

  /** A download waits from now on, at this position of its files, which begin at `start`. */
  add(id: string, position: number, start: number): void {
    const before = this.#paused.get(id)
    const attempts = before !== undefined && position <= before.position ? before.attempts + 1 : 0
    const leftOut = attempts === 0 ? 0 : Math.min(2 ** attempts, MOST_LEFT_OUT)
    this.#paused.set(id, { position, start, attempts, leftOut, isWaiting: true, isSent: false })
  }

  /** Forget all that does not wait any more. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#paused.keys()) if (!ids.has(id)) this.#paused.delete(id)
  }

  /** Another conversation: the other side is to know. */
  begin(): void {
    for (const paused of this.#paused.values()) paused.isSent = false
  }

  /** What the other side does not know yet. */
  nextProgress(): FileProgress | undefined {
    for (const [id, paused] of this.#paused) {
      if (paused.isSent || !paused.isWaiting) continue
      paused.isSent = true
      const received = BigInt(paused.start + paused.position)
      return { offerId: Buffer.from(id, 'hex'), received, pause: FileProgressPause.CANNOT_SAVE }
    }
    return undefined
  }

  /**
   * Look whether there is room again for those that were accepted.
   *
   * @returns whether any is to be tried again.
   */
  async retry(transfers: readonly Transfer[]): Promise<boolean> {
    const due = transfers.filter(({ id, state }) => state === 'accepted' && this.#isDue(id))
    const haveRoom = await Promise.all(due.map((transfer) => this.#hasRoom(transfer)))
    due.forEach(({ id }, index) => {
      const paused = this.#paused.get(id)
      if (paused !== undefined && haveRoom[index]) paused.isWaiting = false
    })
    return haveRoom.includes(true)
  }

  #isDue(id: string): boolean {
    const paused = this.#paused.get(id)
    if (paused === undefined || !paused.isWaiting) return false
    paused.leftOut -= 1
    return paused.leftOut < 0
  }

  /** Whether the disk has room for all that is still to come; what else is wrong with it the attempt will show. */
  async #hasRoom({ id, path, size }: Transfer): Promise<boolean> {
    const left = size - (this.#paused.get(id)?.position ?? 0)
    if (path === undefined) return false
    return await statfs(path).then(
      ({ bavail, bsize }) => bavail * bsize >= left,
      () => true,
    )
  }
}

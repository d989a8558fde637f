/**
 * What the user writes, on its way to the disk: what is written in one turn, and while the disk is busy, goes in one step.
 * A write costs the disk's flush whatever is in it, so that a burst costs few; a lone message waits for no company.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { WritePermission } from '#lib/trust/permission.ts'

/** The most events in one step, unless one call brings more: some 10 ms of this process, in which nobody else is served. */
const MAX_EVENTS = 1_000

/** Likewise in bytes. */
const MAX_BYTES = 1024 * 1024

export interface WriteQueueOptions {
  /** Ask whether a contact may be written to now. @throws SottoError where not. */
  readonly permit: (name: string) => Promise<WritePermission>
  /** Put events on the disk, and have them sent. @returns the ordinal of the last. @throws SottoError */
  readonly append: (name: string, permission: WritePermission, events: readonly Uint8Array[]) => number
}

/** The events of one call. */
interface Entry {
  readonly name: string
  readonly events: readonly Uint8Array[]
  readonly written: PromiseWithResolvers<number>
}

export class WriteQueue {
  readonly #options: WriteQueueOptions
  #waiting: Entry[] = []
  #running: Promise<void> | undefined

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  /**
   * Write events to a contact, behind all that was written to them before.
   *
   * @param events - Encoded, at least one.
   * @returns the ordinal of the last, once they are on the disk.
   * @throws SottoError what {@link WriteQueueOptions} throw: then none of them is written.
   */
  write(name: string, events: readonly Uint8Array[]): Promise<number> {
    const written = Promise.withResolvers<number>()
    this.#waiting.push({ name, events, written })
    this.#running ??= this.#run()
    return written.promise
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      await this.#writeTo(next.name)
      // Others are served, and more gathers.
      if (this.#waiting.length > 0) await setImmediate()
    }
    // No await between the last look and this: whoever writes after it starts another round.
    this.#running = undefined
  }

  async #writeTo(name: string): Promise<void> {
    const { permit, append } = this.#options
    const [asked] = await Promise.allSettled([permit(name)])
    // Only now: what was written meanwhile comes along.
    const batch = this.#take(name)
    try {
      if (asked.status === 'rejected') throw asked.reason
      let ordinal = append(
        name,
        asked.value,
        batch.flatMap(({ events }) => events),
      )
      for (const { events, written } of batch.reverse()) {
        written.resolve(ordinal)
        ordinal -= events.length
      }
    } catch (error) {
      for (const { written } of batch) written.reject(error)
    }
  }

  /** The oldest that wait for a contact, at least one. */
  #take(name: string): Entry[] {
    const batch: Entry[] = []
    const others: Entry[] = []
    let count = 0
    let bytes = 0
    for (const entry of this.#waiting) {
      if (entry.name !== name) {
        others.push(entry)
        continue
      }
      count += entry.events.length
      bytes += entry.events.reduce((sum, { length }) => sum + length, 0)
      const isRoom = batch.length === 0 || (count <= MAX_EVENTS && bytes <= MAX_BYTES)
      const into = isRoom ? batch : others
      into.push(entry)
    }
    this.#waiting = others
    return batch
  }
}

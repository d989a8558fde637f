/**
 * What the user writes, on its way to the disk: what is written in one turn, and while the disk is busy, goes in one step.
 * A write costs the disk's flush whatever is in it, so that a burst costs few; a lone message waits for no company.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { WritePermission } from '#lib/trust/permission.ts'

/**
 * The most events in one step, unless one call brings more: some 3 ms of this process, in which nobody else is served. With
 * four times as many they are said in fewer steps, but the other end waits for each, and so all is slower.
 */
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
  readonly events: readonly Uint8Array[]
  readonly resolve: (ordinal: number) => void
  readonly reject: (error: unknown) => void
}

export class WriteQueue {
  readonly #options: WriteQueueOptions
  /** What waits, by contact. */
  readonly #waiting = new Map<string, Entry[]>()
  /** The contacts who are being written to, each until nothing waits: who has to be asked for long keeps nobody else waiting. */
  readonly #running = new Map<string, Promise<void>>()

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
    return new Promise((resolve, reject) => {
      const entry = { events, resolve, reject }
      const waiting = this.#waiting.get(name)
      if (waiting === undefined) this.#begin(name, entry)
      else waiting.push(entry)
    })
  }

  /** Apart from what is done with each call, which V8 then holds in one piece with its caller. */
  #begin(name: string, entry: Entry): void {
    this.#waiting.set(name, [entry])
    if (!this.#running.has(name)) this.#running.set(name, this.#run(name))
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  async #run(name: string): Promise<void> {
    while (this.#waiting.has(name)) {
      await this.#writeTo(name)
      // What was written goes out, what comes in is taken, others are served, and more gathers: otherwise all of that would wait
      // for as long as somebody writes each text as soon as the last is stored.
      await setImmediate()
    }
    // No await between the last look and this: whoever writes after it starts another round.
    this.#running.delete(name)
  }

  async #writeTo(name: string): Promise<void> {
    const { permit, append } = this.#options
    const [asked] = await Promise.allSettled([permit(name)])
    // Only now: what was written meanwhile comes along.
    const entries = this.#take(name)
    try {
      if (asked.status === 'rejected') throw asked.reason
      const events = entries.flatMap((entry) => entry.events)
      let ordinal = append(name, asked.value, events) - events.length
      for (const entry of entries) {
        ordinal += entry.events.length
        entry.resolve(ordinal)
      }
    } catch (error) {
      for (const entry of entries) entry.reject(error)
    }
  }

  /** The oldest that wait for a contact, at least one. The rest waits behind the others. */
  #take(name: string): Entry[] {
    const waiting = this.#waiting.get(name) ?? []
    this.#waiting.delete(name)
    let [taken, count, bytes] = [0, 0, 0]
    for (const { events } of waiting) {
      count += events.length
      for (const { length } of events) bytes += length
      if (taken > 0 && (count > MAX_EVENTS || bytes > MAX_BYTES)) break
      taken += 1
    }
    if (taken === waiting.length) return waiting
    this.#waiting.set(name, waiting.slice(taken))
    return waiting.slice(0, taken)
  }
}

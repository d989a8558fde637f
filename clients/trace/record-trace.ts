/**
 * The records of one direction of a conversation as the trace tells them: each with its number, and those that are left
 * out told with the next one that is shown, or at the end, so that no number is missing without a word.
 *
 * @module
 */
import type { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { leftOutEvent, recordEvent } from './conversation-events.ts'
import { titleOf, type Way } from './record-fields.ts'
import type { Trace } from './trace.ts'

export class RecordTrace {
  readonly #way: Way
  readonly #trace: Trace
  #number: number
  /** How many were left out, by title. */
  #leftOut = new Map<string, number>()
  /** The size of those that were left out, as they travel. */
  #leftOutBytes = 0

  /** @param next - The number of the next record, counted from 0. */
  constructor(way: Way, trace: Trace, next: number) {
    this.#way = way
    this.#trace = trace
    this.#number = next
  }

  /**
   * Tell of the next record, or leave it out.
   *
   * @param body - Asked for only where there is a trace.
   */
  tell(body: () => RecordBody, record: Uint8Array): void {
    const number = this.#number++
    if (this.#trace === undefined || this.#trace.isOff?.() === true) return
    const content = body()
    if (isOften(content)) {
      const title = titleOf(content)
      this.#leftOut.set(title, (this.#leftOut.get(title) ?? 0) + 1)
      this.#leftOutBytes += record.length
      return
    }
    this.#trace(recordEvent({ ...this.#way, number, body: content, record, leftOut: this.#leftOut }))
    this.#forget()
  }

  /** Tell of those that are left out still: no other is shown after them. */
  end(): void {
    const leftOut = this.#leftOut
    if (leftOut.size === 0) return
    this.#trace?.(leftOutEvent({ ...this.#way, number: this.#number, leftOut, recordBytes: this.#leftOutBytes }))
    this.#forget()
  }

  #forget(): void {
    this.#leftOut = new Map()
    this.#leftOutBytes = 0
  }
}

/** Whether such records come all the time and say nothing new. */
function isOften({ acknowledged, control, events, piece, fileProgress, read }: RecordBody): boolean {
  if (control !== undefined) return control.$case === 'ping' || control.$case === 'typing'
  const isOfFiles = piece?.$case === 'fileChunk' || fileProgress !== undefined
  return isOfFiles && events.length === 0 && piece?.$case !== 'part' && acknowledged === 0n && read === 0n
}

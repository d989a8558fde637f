/**
 * The user's own messages to one identity key that are shown and may come further.
 *
 * How far they came is told by marks (Progress) that only grow, so each change is about a run of ordinals, and what it
 * costs to follow depends on that run, not on how long the conversation is.
 *
 * @module
 */
import { type OutgoingState, type Progress, stateAt } from '../store/log/progress.ts'

/**
 * How many messages are followed that the other side has and has not read: it may never say so. The oldest are let go.
 */
export const MAX_UNREAD = 1_000

interface Shown<T> {
  readonly ordinal: number
  readonly tag: T
  state: OutgoingState
}

const NOWHERE: Progress = { appended: 0, sent: 0, posted: 0, delivered: 0, read: 0 }

/** @template T - What whoever shows a message knows it by. */
export class PendingMessages<T> {
  /** The messages that are followed, by ordinal, ascending. */
  #shown: Shown<T>[] = []
  #progress = NOWHERE
  readonly #maxUnread: number

  constructor(maxUnread = MAX_UNREAD) {
    this.#maxUnread = maxUnread
  }

  has(ordinal: number): boolean {
    return this.#shown[this.#after(ordinal - 1)]?.ordinal === ordinal
  }

  /**
   * Follow a message that is being shown.
   *
   * @returns the state to show it with: the given one, or a later one that was heard of already.
   */
  add(ordinal: number, known: OutgoingState, tag: T): OutgoingState {
    const lastReported = stateAt(ordinal, this.#progress)
    const state = RANK[lastReported] > RANK[known] ? lastReported : known
    const index = this.#after(ordinal - 1)
    const before = this.has(ordinal) ? 1 : 0
    this.#shown.splice(index, before, ...(state === 'read' ? [] : [{ ordinal, tag, state }]))
    return state
  }

  /** The marks have moved: what changes by it, in order. */
  advance(progress: Progress): Readonly<Shown<T>>[] {
    const { sent, posted, delivered, read } = this.#progress
    this.#progress = progress
    const changed: Shown<T>[] = []
    // The furthest mark comes first, so that each message changes once.
    for (const [from, to] of [
      [read, progress.read],
      [delivered, progress.delivered],
      [posted, progress.posted],
      [sent, progress.sent],
    ] as const) {
      for (let index = this.#after(from); index < this.#shown.length; index += 1) {
        const shown = this.#shown[index] as Shown<T>
        if (shown.ordinal > to) break
        const state = stateAt(shown.ordinal, progress)
        if (RANK[state] <= RANK[shown.state]) continue
        shown.state = state
        changed.push(shown)
      }
    }
    this.#letGo(progress)
    return changed.sort((a, b) => a.ordinal - b.ordinal)
  }

  #letGo({ read, delivered }: Progress): void {
    const unread = this.#after(delivered) - this.#after(read)
    this.#shown.splice(0, this.#after(read) + Math.max(0, unread - this.#maxUnread))
  }

  /** The index of the first message with a greater ordinal. */
  #after(ordinal: number): number {
    let [low, high] = [0, this.#shown.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#shown[middle] as Shown<T>).ordinal <= ordinal) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A message may be sent in a conversation that breaks, and posted then; the other way round it stays posted. */
const RANK: Readonly<Record<OutgoingState, number>> = { waiting: 0, sent: 1, posted: 2, delivered: 3, read: 4 }

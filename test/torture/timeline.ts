/**
 * Simulated time: a queue of scheduled events. The clock moves to an event when it runs, and stands still meanwhile.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'
import type { Clocks } from '#lib/ticket/replay-cache.ts'

interface ScheduledEvent {
  readonly atMs: number
  /** Of two events at one moment, the one that was scheduled first runs first. */
  readonly order: number
  readonly run: () => void
}

export class Timeline implements Clock {
  /** The start of simulated time: Unix time in milliseconds. */
  static readonly STARTS_AT_MS = Date.UTC(2026, 10, 22, 12)
  #nowMs = 0
  #scheduled = 0
  /** The queue as a binary heap: the entry at i comes before those at 2i + 1 and 2i + 2. */
  readonly #heap: ScheduledEvent[] = []

  monotonicMs(): number {
    return this.#nowMs
  }

  now(): Date {
    return new Date(this.clocks().nowMs)
  }

  clocks(): Clocks {
    return { nowMs: Timeline.STARTS_AT_MS + Math.floor(this.#nowMs), monotonicMs: this.#nowMs }
  }

  after(milliseconds: number, run: () => void): void {
    const added = { atMs: this.#nowMs + milliseconds, order: this.#scheduled++, run }
    let place = this.#heap.push(added) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#heap[above] as ScheduledEvent
      if (!isBefore(added, parent)) break
      this.#heap[place] = parent
      place = above
    }
    this.#heap[place] = added
  }

  /** Run the next event. Returns false if there is none. */
  step(): boolean {
    const [first] = this.#heap
    const last = this.#heap.pop()
    if (first === undefined || last === undefined) return false
    if (this.#heap.length > 0) this.#sink(last)
    this.#nowMs = first.atMs
    first.run()
    return true
  }

  #sink(sinking: ScheduledEvent): void {
    const heap = this.#heap
    let place = 0
    for (let below = 1; below < heap.length; below = 2 * place + 1) {
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, heap[below] as ScheduledEvent)) below += 1
      const child = heap[below] as ScheduledEvent
      if (!isBefore(child, sinking)) break
      heap[place] = child
      place = below
    }
    heap[place] = sinking
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

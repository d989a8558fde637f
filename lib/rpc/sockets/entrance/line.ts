/**
 * The line of those who have connected, and wait until a place among strangers is free.
 *
 * Who has said nothing is in nobody's way: a place goes to those alone who have begun to speak. The networks take turns,
 * and of one network those who spoke first go first, so that a crowd from one address delays nobody of another.
 *
 * There is room for so many. If more come, one of the network that has most of them has to go: who has been silent for
 * longest, or else who came last, as the others have waited for longer.
 *
 * @module
 */

/** Somebody in a line. */
export interface Waiting {
  /** As {@link networkOf} has it. */
  readonly network: string
  /** There is no room for them. They have left by then. */
  readonly onTurnedAway: () => void
}

/** Those of one network; who came first, or spoke first, comes first. */
interface Queue<W> {
  readonly silent: Set<W>
  readonly ready: Set<W>
}

export class Line<W extends Waiting> {
  readonly #most: number
  /** Whose turn is next comes first. */
  readonly #queues = new Map<string, Queue<W>>()
  /** How many wait. */
  #size = 0
  #ready = 0

  /** @param most - How many may wait. */
  constructor(most: number) {
    this.#most = most
  }

  /** How many of them have begun to speak. */
  get ready(): number {
    return this.#ready
  }

  /** Come, and say nothing yet. Somebody has to go where there is no room, perhaps who came. */
  join(waiting: W): void {
    const queue = this.#queues.get(waiting.network) ?? { silent: new Set(), ready: new Set() }
    this.#queues.set(waiting.network, queue)
    queue.silent.add(waiting)
    this.#size += 1
    if (this.#size > this.#most) this.#turnOneAway()
  }

  /** Begin to speak. Nothing happens to who has left. */
  speak(waiting: W): void {
    const queue = this.#queues.get(waiting.network)
    if (!queue?.silent.delete(waiting)) return
    queue.ready.add(waiting)
    this.#ready += 1
  }

  /** Leave. Harmless the second time. */
  leave(waiting: W): void {
    const queue = this.#queues.get(waiting.network)
    const wasReady = queue?.ready.delete(waiting) ?? false
    if (queue === undefined || !(wasReady || queue.silent.delete(waiting))) return
    this.#size -= 1
    if (wasReady) this.#ready -= 1
    if (sizeOf(queue) === 0) this.#queues.delete(waiting.network)
  }

  /**
   * Whose turn is next. They have left by then.
   *
   * @param hasPlace - Whether there is a place for one of a network.
   * @returns undefined if there is none for any who has begun to speak.
   */
  next(hasPlace: (network: string) => boolean): W | undefined {
    for (const [network, queue] of this.#queues) {
      const [first] = queue.ready
      if (first === undefined || !hasPlace(network)) continue
      this.leave(first)
      // It is for the others now.
      if (this.#queues.delete(network)) this.#queues.set(network, queue)
      return first
    }
    return undefined
  }

  /** Turn all away. */
  clear(): void {
    for (const { silent, ready } of [...this.#queues.values()]) {
      for (const waiting of [...silent, ...ready]) this.#turnAway(waiting)
    }
  }

  #turnOneAway(): void {
    let fullest: Queue<W> | undefined
    for (const queue of this.#queues.values()) if (goesBefore(queue, fullest)) fullest = queue
    const [silent] = fullest?.silent ?? []
    const waiting = silent ?? [...(fullest?.ready ?? [])].at(-1)
    if (waiting !== undefined) this.#turnAway(waiting)
  }

  #turnAway(waiting: W): void {
    this.leave(waiting)
    waiting.onTurnedAway()
  }
}

function sizeOf({ silent, ready }: Queue<unknown>): number {
  return silent.size + ready.size
}

/** Whether one of a queue has to go rather than one of another: of those that are as long, who is silent. */
function goesBefore(queue: Queue<unknown>, other: Queue<unknown> | undefined): boolean {
  const more = sizeOf(queue) - (other === undefined ? 0 : sizeOf(other))
  return more > 0 || (more === 0 && other?.silent.size === 0 && queue.silent.size > 0)
}

/**
 * Whether what a `sotto send` has sent moves on: it ends the wait for what has not moved for too long.
 *
 * @module
 */

/** What was sent, and who brings it to the other side. */
export interface Standing {
  /** How many messages wait. */
  readonly waiting: number
  /** How many files are not over. */
  readonly unfinished: number
  /** Whether one of these is on its way. */
  readonly isFileMoving: boolean
  /** All that ever got there, in messages and in bytes of files. */
  readonly gone: number
  readonly bytes: number
  /** This process in a conversation, this process as soon as there is one, or another process. */
  readonly by: 'conversation' | 'call' | 'another'
}

export interface MovementOptions {
  /** How long to wait where nothing moves, in milliseconds. */
  readonly patienceMs: number
  /** Called when nothing has moved for so long. */
  readonly onStill: () => void
}

/** The time that another process has at least to show progress, in milliseconds. */
const HAND_OVER_MS = 2_000

export class Movement {
  readonly #options: MovementOptions
  #timer: NodeJS.Timeout | undefined
  #gone = 0
  #bytes = 0

  constructor(options: MovementOptions) {
    this.#options = options
  }

  /** Extend the time if something arrived; a conversation that begins and comes to nothing does not. */
  update(standing: Standing): void {
    const isExpectant = shouldMove(standing)
    if (this.#hasProgressed(standing) || !isExpectant) this.stop()
    if (standing.by === 'conversation' || !isExpectant) return
    const { patienceMs, onStill } = this.#options
    this.#timer ??= setTimeout(onStill, standing.by === 'another' ? Math.max(patienceMs, HAND_OVER_MS) : patienceMs)
  }

  /** Stop waiting: there is no reason for it now. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Whether more has got there than when this was asked last. */
  #hasProgressed({ gone, bytes }: Standing): boolean {
    const hasProgressed = gone > this.#gone || bytes > this.#bytes
    this.#gone = Math.max(this.#gone, gone)
    this.#bytes = Math.max(this.#bytes, bytes)
    return hasProgressed
  }
}

/**
 * Whether something should move. In a conversation what the other side has been offered waits for its user; behind
 * another process nobody knows whether the other side is still there to answer.
 */
function shouldMove({ waiting, unfinished, isFileMoving, by }: Standing): boolean {
  return waiting > 0 || (unfinished > 0 && (by === 'call' || isFileMoving))
}

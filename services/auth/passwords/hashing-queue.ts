/**
 * A bounded queue in front of the password hash, which is expensive on purpose.
 *
 * Hashes run on the thread pool, as many at once as there are cores: more would only take turns, each with its memory
 * held. Whoever would have to wait behind too many is told so at once, instead of holding a call open until its
 * deadline: under a flood, those who are let in are still served in time.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'

/** About what one hash takes, in milliseconds, to say when to come back: measured at 9 to 30. */
const HASH_MS = 30

/** The least that a caller is told to wait, in milliseconds. */
const MIN_RETRY_MS = 200

export interface HashingQueueLimits {
  /** The most hashes at once. */
  readonly concurrency: number
  /** The most hashes that may wait beyond those. */
  readonly capacity: number
}

interface Job {
  readonly start: () => void
  readonly signal: AbortSignal | undefined
  readonly reject: (reason: unknown) => void
}

export class HashingQueue {
  readonly #limits: HashingQueueLimits
  readonly #waiting: Job[] = []
  #running = 0

  constructor(limits: HashingQueueLimits) {
    this.#limits = limits
  }

  /**
   * Run a hash when its turn comes.
   *
   * @param signal - Fires when the caller has gone. A hash that has not begun then never does.
   * @throws SottoError `ERR_BUSY`, at once, if the queue is full.
   */
  run<T>(hash: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running >= this.#limits.concurrency && this.#waiting.length >= this.#limits.capacity) {
      return Promise.reject(this.#busy())
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const start = () => {
      this.#running += 1
      hash()
        .then(resolve, reject)
        .finally(() => {
          this.#running -= 1
          this.#next()
        })
    }
    this.#waiting.push({ start, signal, reject })
    this.#next()
    return promise
  }

  #next(): void {
    while (this.#running < this.#limits.concurrency) {
      const job = this.#waiting.shift()
      if (!job) return
      if (job.signal?.aborted) job.reject(job.signal.reason)
      else job.start()
    }
  }

  #busy(): SottoError {
    const wait = (this.#waiting.length / this.#limits.concurrency) * HASH_MS
    return new SottoError('ERR_BUSY', 'too many logins wait already', {
      retryAfterMs: Math.max(MIN_RETRY_MS, Math.ceil(wait)),
      hint: 'try again in a moment',
    })
  }
}

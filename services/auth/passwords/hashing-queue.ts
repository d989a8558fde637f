/**
 * A bounded queue in front of the password hash, which is expensive on purpose.
 *
 * Hashes run on the thread pool, as many at once as there are cores: more would only take turns, each with its memory
 * held. Where too many wait, the newest of the network that has most of them is told so at once, instead of
 * holding a call open until its deadline: under a flood, those who are let in are still served in time.
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

/** For whom a password is hashed. */
export interface HashCaller {
  /** Where they call from, as lib/rpc/sockets/network-of.ts has it; undefined for this machine's own administrator. */
  readonly network?: string
  /** Fires when they have gone. A hash that has not begun then never does. */
  readonly signal?: AbortSignal
}

interface Job {
  readonly start: () => void
  readonly signal: AbortSignal | undefined
  readonly reject: (reason: unknown) => void
}

export class HashingQueue {
  readonly #limits: HashingQueueLimits
  /** What waits, by network, in the order of their turns: whose turn it was goes behind the others. */
  readonly #waiting = new Map<string, Job[]>()
  #running = 0

  constructor(limits: HashingQueueLimits) {
    this.#limits = limits
  }

  /** How many hashes wait for their turn. */
  get length(): number {
    return this.#count
  }

  /**
   * Run a hash when its turn comes. Networks take turns, so that a crowd of guesses from one keeps nobody of another
   * waiting; where the queue is full, the network that has most in it makes room, by its newest.
   *
   * @throws SottoError `ERR_BUSY`, at once or when it had to make room.
   */
  run<T>(hash: () => Promise<T>, { network = '', signal }: HashCaller = {}): Promise<T> {
    const { concurrency, capacity } = this.#limits
    const own = this.#waiting.get(network) ?? []
    if (this.#running >= concurrency && this.#count >= capacity && !this.#makeRoom(own.length)) {
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
    this.#waiting.set(network, [...own, { start, signal, reject }])
    this.#next()
    return promise
  }

  get #count(): number {
    return this.#waiting.values().reduce((sum, { length }) => sum + length, 0)
  }

  /** Have one leave of a network that has more in the queue, once it is in, than whoever comes. @returns false if none has. */
  #makeRoom(ownCount: number): boolean {
    const [fullest = []] = [...this.#waiting.values()].sort((one, other) => other.length - one.length)
    if (fullest.length <= ownCount + 1) return false
    fullest.pop()?.reject(this.#busy())
    return true
  }

  #next(): void {
    while (this.#running < this.#limits.concurrency) {
      const [turn] = this.#waiting
      if (turn === undefined) return
      const [network, [job, ...others]] = turn
      this.#waiting.delete(network)
      if (others.length > 0) this.#waiting.set(network, others)
      if (job?.signal?.aborted) job.reject(job.signal.reason)
      else job?.start()
    }
  }

  #busy(): SottoError {
    const wait = (this.#count / this.#limits.concurrency) * HASH_MS
    return new SottoError('ERR_BUSY', 'too many logins wait already', {
      retryAfterMs: Math.max(MIN_RETRY_MS, Math.ceil(wait)),
      hint: 'try again in a moment',
    })
  }
}

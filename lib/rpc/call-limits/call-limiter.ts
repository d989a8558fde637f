/**
 * Holds the calls of a server to their limits (limits-of-calls.ts), by account and by address.
 *
 * An address is charged as soon as a call comes, before anything of its request is read; an account as soon as it is shown.
 * Each process counts for itself: where there are several of a service, a caller may have as much of each.
 *
 * @module
 */
import { SottoError } from '../../errors.ts'
import { LIMITED, type LimitedEvent, type LimitName } from '../../runtime/metrics/limited-events.ts'
import { type CallLimits, limitsOf } from './limits-of-calls.ts'
import { type Rate, TokenBuckets } from './token-buckets.ts'

/** How many times the table's limits count, by whose they are. */
export interface LimitFactors {
  readonly account: number
  readonly address: number
}

export interface CallLimiterLimits {
  readonly factors: LimitFactors
  /** How long a stream lasts that asks for no account, in milliseconds. */
  readonly openStreamMs: number
}

/** The memory for all buckets of a server, in bytes: of some 32,000 accounts and addresses that call just now. */
export const MAX_BUCKETS_BYTES = 8 * 1024 * 1024

/** After which time somebody may try again who has too many streams open, in milliseconds: a dead link is noticed by then. */
const STREAM_RETRY_MS = 10_000

export class CallLimiter {
  readonly #limits: CallLimiterLimits
  readonly #buckets: TokenBuckets
  /** How many streams are open, by the same keys. */
  readonly #streams = new Map<string, number>()

  constructor(limits: CallLimiterLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits
    this.#buckets = new TokenBuckets(MAX_BUCKETS_BYTES, nowMs)
  }

  /**
   * A call comes.
   *
   * @param path - As on the wire.
   * @param network - Of the caller, as network-of.ts has it.
   * @throws SottoError `ERR_BUSY`, with when to come back, if it is one too many.
   */
  begin(path: string, network: string): LimitedCall {
    const lastsMs = limitsOf(path)?.isOpenToAll ? this.#limits.openStreamMs : undefined
    return new LimitedCall(path, this, network, lastsMs)
  }

  /** @param calls - As how many it counts. @returns a function that says that it is over. */
  count(path: string, kind: keyof LimitFactors, whose: string, calls = 1): () => void {
    const limits = limitsOf(path)
    if (limits === undefined) return () => {}
    const factor = this.#limits.factors[kind]
    const key = `${path} ${kind} ${whose}`
    const streams = this.#checkStreams(path, kind, key, limits)
    const rate = limits[kind]
    const waitMs = rate && this.#buckets.take(key, scaled(rate, factor), calls)
    if (waitMs !== undefined) throw refusal(path, `${kind} rate`, waitMs)
    if (streams === undefined) return () => {}
    this.#streams.set(key, streams + 1)
    return () => {
      const left = (this.#streams.get(key) ?? 1) - 1
      if (left === 0) this.#streams.delete(key)
      else this.#streams.set(key, left)
    }
  }

  /** @returns how many are open already; undefined where nobody counts them. */
  #checkStreams(path: string, kind: keyof LimitFactors, key: string, { streams }: CallLimits): number | undefined {
    const most = streams?.[kind]
    if (most === undefined) return undefined
    const open = this.#streams.get(key) ?? 0
    // Those of an account do not grow with its rate: each is a program that runs.
    if (open >= most * (kind === 'address' ? this.#limits.factors.address : 1)) {
      throw refusal(path, `${kind} streams`, STREAM_RETRY_MS)
    }
    return open
  }
}

/** A call under way, as far as it counts. */
export class LimitedCall {
  /** How long it may last, in milliseconds; undefined without end. */
  readonly lastsMs: number | undefined
  readonly #path: string
  readonly #limiter: Pick<CallLimiter, 'count'>
  readonly #network: string
  readonly #ends: (() => void)[] = []
  #isOver = false

  /** @throws SottoError `ERR_BUSY` if it is one too many from its network. */
  constructor(path: string, limiter: Pick<CallLimiter, 'count'>, network: string, lastsMs: number | undefined) {
    this.#path = path
    this.#limiter = limiter
    this.#network = network
    this.lastsMs = lastsMs
    this.#count('address', network, 1)
  }

  /**
   * Count it as a call of an account: or as several, where it asks for as much as they would, which its network has made
   * then, too.
   *
   * @throws SottoError `ERR_BUSY` if that makes too many.
   */
  countFor(account: string, calls = 1): void {
    if (calls > 1) this.#count('address', this.#network, calls - 1)
    this.#count('account', account, calls)
  }

  #count(kind: keyof LimitFactors, whose: string, calls: number): void {
    const end = this.#limiter.count(this.#path, kind, whose, calls)
    if (this.#isOver) end()
    else this.#ends.push(end)
  }

  /** Note that it is over. Harmless the second time. */
  end(): void {
    this.#isOver = true
    for (const end of this.#ends.splice(0)) end()
  }
}

function scaled({ perSecond, burst }: Rate, factor: number): Rate {
  return { perSecond: perSecond * factor, burst: burst * factor }
}

/** Those that are counted here. */
type CountedLimit = Exclude<LimitName, 'held bytes'>

const WORDS: Readonly<Record<CountedLimit, string>> = {
  'account rate': 'too many calls of this account',
  'address rate': 'too many calls from this address',
  'account streams': 'too many calls of this account are open',
  'address streams': 'too many calls from this address are open',
}

function refusal(path: string, limit: CountedLimit, retryAfterMs: number): SottoError {
  if (LIMITED.hasSubscribers) LIMITED.publish({ method: path.slice(1), limit } satisfies LimitedEvent)
  return new SottoError('ERR_BUSY', WORDS[limit], { retryAfterMs: Math.ceil(retryAfterMs) })
}

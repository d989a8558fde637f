/**
 * The opener's part in renewals (docs/protocol.md, section 7): it begins each, with the best that the services give.
 *
 *     idle ── due ──▶ asking ── a ticket, or nobody there ──▶ greeting ── said ──▶ waiting ── Welcome ──▶ switching
 *      ▲ ▲               │ the receiver is not online                             │                       │
 *      │ └───────────────┴──────────────────────── refusal ───────────────────────┘                       │
 *      └──────────────────────────────────────── RenewSwitch is said ─────────────────────────────────────┘
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import type { Clocks } from '#lib/ticket/replay-cache.ts'
import type { Channel } from './channel.ts'
import type { ChannelTimes } from './channel-times.ts'
import type { RandomBytes } from './hello.ts'
import { type ChannelEnds, type IssuedTicket, type StartedRenewal, startRenewal } from './renewal.ts'
import type { RenewalDeadlines } from './renewal-deadlines.ts'
import {
  outOfTurn,
  type RenewalControl,
  type RenewalRole,
  type RenewalTask,
  type RenewalTurn,
  type ServicesAnswer,
} from './renewal-role.ts'

export interface OpenerOptions {
  readonly ends: ChannelEnds
  /** The receiver's, as the first grant named it: 16 bytes. */
  readonly instanceId: Uint8Array
  readonly random: RandomBytes
}

/** A renewal under way, and what its ticket says of the maximum session duration. */
interface Attempt {
  readonly started: StartedRenewal
  readonly maxSessionDurationMs: number | undefined
}

type State =
  | { readonly is: 'idle'; readonly fromMs: number }
  | { readonly is: 'asking' | 'refused' | 'ended' }
  | ({ readonly is: 'greeting' | 'waiting' } & Attempt)
  | { readonly is: 'switching'; readonly channel: Channel; readonly maxSessionDurationMs: number | undefined }

export class OpenerRenewal implements RenewalRole {
  readonly #options: OpenerOptions
  readonly #times: ChannelTimes
  readonly #deadlines: RenewalDeadlines
  #state: State
  /** Whether the receiver was not online the last time. */
  #wasAbsent = false

  constructor(options: OpenerOptions, times: ChannelTimes, deadlines: RenewalDeadlines) {
    this.#options = options
    this.#times = times
    this.#deadlines = deadlines
    this.#state = { is: 'idle', fromMs: deadlines.renewAtMs }
  }

  get dueAtMs(): number {
    if (this.#state.is === 'idle') return this.#state.fromMs
    return this.#state.is === 'refused' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }

  advance(nowMs: number): RenewalTask | undefined {
    if (nowMs < this.dueAtMs) return undefined
    const isRefused = this.#state.is === 'refused'
    this.#state = { is: isRefused ? 'ended' : 'asking' }
    return isRefused ? 'close' : 'askForTicket'
  }

  learn(answer: ServicesAnswer, { monotonicMs }: Clocks, current: Channel): void {
    if (this.#state.is === 'asking') this.#state = this.#after(answer, monotonicMs, current)
  }

  #after(answer: ServicesAnswer, nowMs: number, current: Channel): State {
    if (answer.$case === 'issued' && this.#isForThisChannel(answer.issued)) return this.#greet(answer.issued, current)
    if (answer.$case === 'unreachable') {
      // Where the maximum session duration is over, the deadline ends the channel.
      return this.#deadlines.coversTicketless(nowMs) ? this.#greet(undefined, current) : this.#idle(nowMs)
    }
    // Services that start again have lost the announcements; the receiver needs a moment to make its own anew.
    if (answer.$case === 'absent' && !this.#wasAbsent) {
      this.#wasAbsent = true
      return this.#idle(nowMs)
    }
    return { is: 'refused' }
  }

  /** Whether the services still mean the one at the other end: the same key, and the same start of its client. */
  #isForThisChannel({ grant }: IssuedTicket): boolean {
    const { ends, instanceId } = this.#options
    const isSameKey = timingSafeEqual(grant.receiverIdentityKey, ends.peerIdentityKey)
    return isSameKey && grant.receiverName === ends.peerName && timingSafeEqual(grant.receiverInstanceId, instanceId)
  }

  #greet(issued: IssuedTicket | undefined, old: Channel): State {
    const { ends, random } = this.#options
    this.#wasAbsent = false
    const started = startRenewal({ ends, old, issued, random })
    return { is: 'greeting', started, maxSessionDurationMs: issued?.grant.maxSessionDurationMs }
  }

  #idle(nowMs: number): State {
    return { is: 'idle', fromMs: nowMs + this.#times.renewRetryMs }
  }

  take(nowMs: number): RenewalTurn | undefined {
    const state = this.#state
    if (state.is === 'greeting') {
      this.#state = { ...state, is: 'waiting' }
      return { control: { $case: 'renewHello', value: state.started.hello }, after: undefined }
    }
    if (state.is !== 'switching') return undefined
    this.#deadlines.renewed(nowMs, state.maxSessionDurationMs)
    this.#state = { is: 'idle', fromMs: this.#deadlines.renewAtMs }
    return { control: { $case: 'renewSwitch', value: {} }, after: state.channel }
  }

  receive(control: RenewalControl, { monotonicMs }: Clocks): Channel | undefined {
    const state = this.#state
    if (state.is !== 'waiting') throw outOfTurn()
    if (control.$case === 'renewRefusal') {
      this.#state = this.#idle(monotonicMs)
      return undefined
    }
    if (control.$case !== 'renewWelcome') throw outOfTurn()
    const channel = state.started.complete(control.value)
    this.#state = { is: 'switching', channel, maxSessionDurationMs: state.maxSessionDurationMs }
    return channel
  }
}

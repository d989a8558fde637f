/**
 * The host's part in renewals (docs/protocol.md, section 7): it answers those that the opener begins.
 *
 *     idle ── Hello with a ticket ───────────────────────────────▶ answering ── Welcome is said ──▶ changing
 *      ▲ ▲  └ without ──▶ trying ── the services are silent ──────▶┘                                 │
 *      │ │                  └ they answer ──▶ refusing                                               │
 *      │ └────── refusal is said ─────────────┘                                                      │
 *      └──────────────────────────────────────── RenewSwitch ────────────────────────────────────────┘
 *
 * @module
 */
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Clocks } from '#lib/ticket/replay-cache.ts'
import type { Channel } from './channel.ts'
import type { ChannelTimes } from './channel-times.ts'
import type { HelloBytes, RandomBytes } from './hello.ts'
import { type AcceptedRenewal, acceptRenewal, asksWithoutTicket, type ChannelEnds } from './renewal.ts'
import type { RenewalDeadlines } from './renewal-deadlines.ts'
import {
  outOfTurn,
  type RenewalControl,
  type RenewalRole,
  type RenewalTask,
  type RenewalTurn,
  type ServicesAnswer,
} from './renewal-role.ts'
import type { Admission } from './responder.ts'

export interface HostOptions {
  readonly ends: ChannelEnds
  readonly admission: Admission
  readonly random: RandomBytes
  /** Takes the reason why a renewal is refused, which the opener does not learn; once where some come too soon in a row. */
  readonly onRefused?: (error: SottoError) => void
}

type State =
  | { readonly is: 'idle' | 'refusing' | 'refused' | 'ended' }
  | { readonly is: 'trying'; readonly hello: HelloBytes; readonly isReported: boolean }
  | ({ readonly is: 'answering' | 'changing' } & AcceptedRenewal)

export class HostRenewal implements RenewalRole {
  readonly #options: HostOptions
  readonly #times: ChannelTimes
  readonly #deadlines: RenewalDeadlines
  #state: State = { is: 'idle' }
  /** The time until which renewals are refused unseen: an opener that was refused waits longer than that. */
  #deafUntilMs = Number.NEGATIVE_INFINITY
  /** Whether the last one came before that. */
  #cameTooSoon = false

  constructor(options: HostOptions, times: ChannelTimes, deadlines: RenewalDeadlines) {
    this.#options = options
    this.#times = times
    this.#deadlines = deadlines
  }

  get dueAtMs(): number {
    const state = this.#state
    const isDue = state.is === 'refused' || (state.is === 'trying' && !state.isReported)
    return isDue ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }

  advance(nowMs: number): RenewalTask | undefined {
    const state = this.#state
    if (nowMs < this.dueAtMs) return undefined
    this.#state = state.is === 'trying' ? { ...state, isReported: true } : { is: 'ended' }
    return state.is === 'trying' ? 'tryServices' : 'close'
  }

  learn(answer: ServicesAnswer, clocks: Clocks, current: Channel): void {
    if (this.#state.is === 'trying') this.#state = this.#after(answer, this.#state.hello, clocks, current)
  }

  #after({ $case }: ServicesAnswer, hello: HelloBytes, clocks: Clocks, current: Channel): State {
    if ($case === 'unreachable') return this.#accept(hello, clocks, current)
    if ($case === 'refused') return { is: 'refused' }
    return this.#refuse('the services answer, so a renewal takes a ticket')
  }

  take(nowMs: number): RenewalTurn | undefined {
    const state = this.#state
    if (state.is === 'answering') {
      this.#state = { ...state, is: 'changing' }
      return { control: { $case: 'renewWelcome', value: state.welcome }, after: state.channel }
    }
    if (state.is !== 'refusing') return undefined
    this.#deafUntilMs = nowMs + this.#times.renewRetryMs / 2
    this.#state = { is: 'idle' }
    return { control: { $case: 'renewRefusal', value: {} }, after: undefined }
  }

  receive(control: RenewalControl, clocks: Clocks, current: Channel): Channel | undefined {
    const state = this.#state
    if (control.$case === 'renewHello' && state.is === 'idle') {
      this.#state = this.#judge(control.value, clocks, current)
      return undefined
    }
    if (control.$case !== 'renewSwitch' || state.is !== 'changing') throw outOfTurn()
    this.#deadlines.renewed(clocks.monotonicMs, state.ticket?.maxSessionDurationMs)
    this.#state = { is: 'idle' }
    return state.channel
  }

  #judge(hello: HelloBytes, clocks: Clocks, current: Channel): State {
    const { monotonicMs } = clocks
    const isReported = this.#cameTooSoon
    this.#cameTooSoon = monotonicMs < this.#deafUntilMs
    if (this.#cameTooSoon) {
      // An opener can come again at every round trip, and would fill the log.
      return isReported ? { is: 'refusing' } : this.#refuse('a renewal comes too soon after one that was refused')
    }
    if (!asksWithoutTicket(hello)) return this.#accept(hello, clocks, current)
    if (!this.#deadlines.coversTicketless(monotonicMs)) return this.#refuse('the maximum session duration is over')
    return { is: 'trying', hello, isReported: false }
  }

  #accept(hello: HelloBytes, clocks: Clocks, old: Channel): State {
    const { ends, admission, random, onRefused } = this.#options
    try {
      return { is: 'answering', ...acceptRenewal({ hello, ends, admission, old, random, ...clocks }) }
    } catch (error) {
      if (!isSottoError(error) || !error.code.startsWith('ERR_TICKET_')) throw error
      onRefused?.(error)
      return { is: 'refusing' }
    }
  }

  #refuse(message: string): State {
    this.#options.onRefused?.(new SottoError('ERR_HELLO_REFUSED', message))
    return { is: 'refusing' }
  }
}

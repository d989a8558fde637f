/**
 * Keeps the channel of a conversation open: looks after it when something is due, and asks the services what it needs
 * for a renewal.
 *
 * @module
 */
import type { RenewingChannel } from '#lib/channel/renewing-channel.ts'
import { SottoError } from '#lib/errors.ts'
import { type Schedule, schedule } from '#lib/runtime/schedule.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { AskServices } from './renewal-services.ts'

export interface ChannelKeeperOptions {
  readonly channel: RenewingChannel
  readonly clock: ServerClock
  readonly ask: AskServices
  /** There may be something to send. */
  readonly wake: () => void
  /** The channel is to be closed: its maximum session duration is over, or no renewal came, or the services refuse it. */
  readonly onExpired: () => void
  /** The channel is of no more use. */
  readonly onFailed: (error: unknown) => void
  /** The timer that wakes it; Node.js's unless set. */
  readonly schedule?: Schedule
}

/** The longest that a timer of Node.js waits, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export class ChannelKeeper {
  readonly #options: ChannelKeeperOptions
  readonly #stop = new AbortController()
  #timer: ReturnType<Schedule> | undefined
  /** The time at which the timer is to go off. */
  #wakesAtMs = 0

  constructor(options: ChannelKeeperOptions) {
    this.#options = options
    this.#sleep()
  }

  /** Do what is due, and come back when something else is. To be called when the channel has heard of a renewal. */
  poll(): void {
    if (this.#stop.signal.aborted) return
    const { channel, clock, wake, onExpired, onFailed } = this.#options
    const task = channel.advance(clock.local.monotonicMs())
    if (task === 'close') onExpired()
    else if (task === 'cut') onFailed(silent())
    else if (task !== undefined) this.#ask().catch(onFailed)
    if (this.#stop.signal.aborted) return
    wake()
    this.#sleep()
  }

  /** Note that a record was sent. It may have ended a renewal, so that the next thing due is another. */
  sent(): void {
    const nowMs = this.#options.clock.local.monotonicMs()
    if (!this.#stop.signal.aborted && this.#options.channel.dueAtMs(nowMs) < this.#wakesAtMs) this.#sleep()
  }

  #sleep(): void {
    this.#timer?.cancel()
    const nowMs = this.#options.clock.local.monotonicMs()
    this.#wakesAtMs = this.#options.channel.dueAtMs(nowMs)
    const waitMs = this.#wakesAtMs - nowMs
    const wake = this.#options.schedule ?? schedule
    this.#timer = wake(Math.min(Math.max(waitMs, 0), LONGEST_TIMER_MS), () => this.poll())
  }

  async #ask(): Promise<void> {
    const { channel, clock, ask } = this.#options
    const { signal } = this.#stop
    const answer = await ask(signal)
    if (signal.aborted) return
    channel.learn(answer, clock.clocks())
    this.poll()
  }

  /** The conversation has ended, or says its last. */
  stop(): void {
    this.#timer?.cancel()
    this.#stop.abort(new SottoError('ERR_CHANNEL_CLOSED', 'the channel needs no renewal any more'))
  }
}

function silent(): SottoError {
  return new SottoError('ERR_PEER_SILENT', 'the other end has said nothing for too long', {
    hint: 'its machine or the network between may be down; try again',
  })
}

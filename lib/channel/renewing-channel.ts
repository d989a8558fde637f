/**
 * A channel that stays open: it renews its keys, gives signs of life, and knows when it is over (docs/protocol.md,
 * sections 6.6 and 7). Records in, records out, with no clock and no socket: the owner gives the time, calls
 * {@link RenewingChannel.advance} when it is due, and does what that says.
 *
 * Two channels can be in use at once while the keys change: one still opens what was under way, the other already seals.
 * Each is dropped with its last record, so nothing opens under old keys after that.
 *
 * @module
 */
import { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError } from '#lib/errors.ts'
import type { Clocks } from '#lib/ticket/replay-cache.ts'
import type { Channel } from './channel.ts'
import { CHANNEL_TIMES, type ChannelTimes } from './channel-times.ts'
import { Heartbeat } from './heartbeat.ts'
import { type HostOptions, HostRenewal } from './host-renewal.ts'
import { type OpenerOptions, OpenerRenewal } from './opener-renewal.ts'
import { RenewalDeadlines } from './renewal-deadlines.ts'
import type { RenewalControl, RenewalRole, RenewalTask, ServicesAnswer } from './renewal-role.ts'

/** A task for the owner; `cut` is to drop the link, because nothing was received for too long. */
export type ChannelTask = RenewalTask | 'cut'

export interface RenewingChannelOptions {
  /** The channel of a completed handshake. */
  readonly channel: Channel
  /** The options for renewals, for the side that sent the first Hello or for the side that took it. */
  readonly role: { readonly opener: OpenerOptions } | { readonly host: HostOptions }
  /** The maximum session duration of the ticket that the channel began with, in milliseconds. */
  readonly maxSessionDurationMs: number
  /** Shorter than the protocol's for tests and demonstrations. */
  readonly times?: Partial<ChannelTimes> | undefined
  /** Now, on the clock that all later times are of; it only goes forward. */
  readonly nowMs: number
}

/** A record, and what is sealed in it. */
export interface SentRecord {
  readonly plaintext: Uint8Array
  readonly record: Uint8Array
}

export class RenewingChannel {
  readonly #role: RenewalRole
  readonly #deadlines: RenewalDeadlines
  readonly #heartbeat: Heartbeat
  #sealing: Channel
  #opening: Channel
  #isOver = false
  #failure: unknown

  constructor({ channel, role, maxSessionDurationMs, times, nowMs }: RenewingChannelOptions) {
    const all = { ...CHANNEL_TIMES, ...times }
    this.#deadlines = new RenewalDeadlines(all, maxSessionDurationMs, nowMs)
    this.#heartbeat = new Heartbeat(all, nowMs)
    this.#role =
      'opener' in role
        ? new OpenerRenewal(role.opener, all, this.#deadlines)
        : new HostRenewal(role.host, all, this.#deadlines)
    this.#sealing = channel
    this.#opening = channel
  }

  /**
   * The next record to send, in the order in which they must be sent: the channel's own records come first.
   *
   * @param content - Gives the plaintext of another record, at most 65,519 bytes, or undefined if there is none. It is
   *   called at most once, and its result is sealed.
   * @returns Undefined if there is nothing to say now.
   * @throws SottoError `ERR_NONCE_EXHAUSTED`, or what ended the channel.
   */
  next(nowMs: number, content: () => Uint8Array | undefined): SentRecord | undefined {
    this.#throwFailure()
    const turn = this.#isOver ? undefined : this.#role.take(nowMs)
    const plaintext = turn ? encode(turn.control) : (content() ?? this.#ping(nowMs))
    if (plaintext === undefined) return undefined
    const record = this.#orEnd(() => this.#sealing.seal(plaintext))
    this.#heartbeat.sent(nowMs)
    if (turn?.after) this.#sealing = turn.after
    return { plaintext, record }
  }

  #ping(nowMs: number): Uint8Array | undefined {
    return !this.#isOver && this.#heartbeat.isDue(nowMs) ? PING : undefined
  }

  /** The owner waits for the next record. While it does not, the other end cannot be silent. */
  listen(nowMs: number): void {
    this.#heartbeat.listen(nowMs)
  }

  /**
   * Open the next record.
   *
   * @returns Its plaintext: a RecordBody, which is to be parsed and given to {@link receive}.
   * @throws SottoError as `Channel.open`; what ended the channel.
   */
  open(record: Uint8Array): Uint8Array {
    this.#throwFailure()
    this.#heartbeat.received()
    return this.#orEnd(() => this.#opening.open(record))
  }

  /**
   * Take in the part of a record that is for the channel itself.
   *
   * @param body - Parsed: whatever renews is alone in its record.
   * @returns Whether that was all of it; if not, the rest is for the owner.
   * @throws SottoError `ERR_RECORD_MALFORMED` for a renewal out of its turn, after which there is still a Close to be
   *   said; `ERR_HELLO_MALFORMED`, `ERR_HELLO_VERSION`, `ERR_DECRYPT`, `ERR_LOW_ORDER_KEY` for one that fails, which
   *   ends the channel; what ended it before.
   */
  receive(body: RecordBody, clocks: Clocks): boolean {
    this.#throwFailure()
    const control = renewalOf(body)
    if (control === undefined) return false
    // Whoever has said Close answers no Hello, but must follow a change of keys that is under way.
    if (this.#isOver && control.$case === 'renewHello') return true
    const opening = this.#orEnd(() => this.#role.receive(control, clocks, this.#opening))
    if (opening) this.#opening = opening
    return true
  }

  /** The task for the owner now. Each task is given once, but for `cut`, and for `close` after a missing renewal. */
  advance(nowMs: number): ChannelTask | undefined {
    if (this.#isOver) return undefined
    if (this.#heartbeat.isCut(nowMs)) return 'cut'
    if (nowMs >= this.#deadlines.endsAtMs) return 'close'
    return this.#role.advance(nowMs)
  }

  /** The time to call {@link advance} and {@link next}, unless there is another reason to before. */
  dueAtMs(nowMs: number): number {
    if (this.#isOver) return Number.POSITIVE_INFINITY
    return Math.min(this.#heartbeat.dueAtMs(nowMs), this.#deadlines.endsAtMs, this.#role.dueAtMs)
  }

  /** Take what came of a task. Afterwards there may be something to say, or another task. */
  learn(answer: ServicesAnswer, clocks: Clocks): void {
    this.#throwFailure()
    if (!this.#isOver) this.#orEnd(() => this.#role.learn(answer, clocks, this.#opening))
  }

  /** Close is said, or will be next: no renewal begins or is answered, and nothing is due any more. */
  stop(): void {
    this.#isOver = true
  }

  #orEnd<T>(work: () => T): T {
    try {
      return work()
    } catch (failure) {
      if (!isSottoError(failure, 'ERR_RECORD_MALFORMED')) this.#failure = failure
      throw failure
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}

function encode(control: NonNullable<RecordBody['control']>): Uint8Array {
  return RecordBody.encode(RecordBody.fromPartial({ control })).finish()
}

const PING = encode({ $case: 'ping', value: {} })

function renewalOf({ control }: RecordBody): RenewalControl | undefined {
  switch (control?.$case) {
    case 'renewHello':
    case 'renewWelcome':
    case 'renewRefusal':
    case 'renewSwitch':
      return control
    default:
      return undefined
  }
}

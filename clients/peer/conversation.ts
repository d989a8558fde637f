/**
 * One conversation: a stream, the channel inside it and the delivery inside that, kept moving in both directions until
 * it ends.
 *
 *     streams ⇄ delivery (what to say, what it means) ⇄ channel (seal, open) ⇄ link (gRPC)
 *
 * @module
 */
import { CloseReason, type Event, type RecordBody } from '#gen/sotto/peer/v1/record.ts'
import type { RenewingChannel, SentRecord } from '#lib/channel/renewing-channel.ts'
import { Delivery } from '#lib/delivery/delivery.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import type { StreamPair } from '#lib/delivery/stream-pair.ts'
import { asSottoError, SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import { release } from '#lib/release.ts'
import { type Schedule, scheduleRef } from '#lib/runtime/schedule.ts'
import { withTimeout } from '#lib/runtime/with-timeout.ts'
import type { ServerClock } from '../session/server-clock.ts'
import { RecordTrace } from '../trace/record-trace.ts'
import type { Trace } from '../trace/trace.ts'
import { ChannelKeeper } from './channel-keeper.ts'
import { type ConversationEnd, goodbyeFor } from './close-reasons.ts'
import { drawStreamId } from './event-ids.ts'
import { IncomingRecords, type ReceivingStreams } from './incoming-records.ts'
import type { RecordLink } from './record-link.ts'
import type { AskServices } from './renewal-services.ts'

/** The streams that a conversation carries. */
export interface PeerStreams extends ReceivingStreams {
  readonly pair: StreamPair
  /** How many events of this side wait for their acknowledgement. */
  readonly unacknowledged: number
  /** A conversation is to carry it from now on; one that did before has ended, or ends now. */
  attach(conversation: Conversation): void
  /** A conversation has ended. */
  detach(conversation: Conversation): void
}

/** The streams of a host, by the caller's key. */
export interface PeerStreamsByKey {
  /** The streams with whoever has proven this identity key. */
  with(name: string, identityKey: Uint8Array): PeerStreams
}

export interface ConversationOptions {
  readonly opener: boolean
  readonly ownName: string
  readonly peerName: string
  readonly channel: RenewingChannel
  /** Asks the services what the channel needs to know for a renewal. */
  readonly ask: AskServices
  readonly clock: ServerClock
  readonly link: RecordLink
  /** Which way the link goes: for people to see, it changes nothing here. */
  readonly route: Route
  readonly streams: PeerStreams
  /** Takes the events that came, which are stored by then. */
  readonly deliver: (peerName: string, events: readonly Event[]) => void
  /** Somebody is writing at the other side, or has stopped. */
  readonly onTyping?: (peerName: string, isActive: boolean) => void
  readonly trace: Trace
  /** Time and chance, where they are not the machine's. */
  readonly schedule?: Schedule
  readonly drawStreamId?: () => Uint8Array
}

/** How long the link has to take what there is to say, a Close included, in milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000

/**
 * How long the other side has to answer a Close that the link has taken, in milliseconds, where it has nothing to
 * acknowledge: less than somebody who has pressed Ctrl-C notices. It receives the Close though nobody waits for its
 * answer; one that sends at full speed may take half a second to come to it.
 */
const ANSWER_TIMEOUT_MS = 200

export class Conversation {
  readonly #options: ConversationOptions
  readonly #delivery: Delivery
  readonly #end = Promise.withResolvers<ConversationEnd>()
  readonly #resumed = Promise.withResolvers<undefined>()
  readonly #keeper: ChannelKeeper
  #flushing: Promise<void> | undefined
  #isClosing = false
  /** The conversation has ended: what it shares with the next one is no longer its own to move. */
  #isSettled = false
  readonly #sent: RecordTrace
  readonly #received: RecordTrace
  readonly #incoming: IncomingRecords

  /**
   * @param options.channel - Of a completed handshake.
   * @param first - Where this is the host: the record that confirmed the channel, which was opened already.
   * @throws SottoError `ERR_STORE`, `ERR_STORE_DAMAGED` if the streams cannot be read, or cannot take it: then it has not
   *   begun, and the caller closes the link.
   */
  constructor(options: ConversationOptions, first?: RecordBody) {
    const { opener, streams } = options
    this.#options = options
    const { ownName, peerName, route, trace } = options
    this.#sent = new RecordTrace({ from: ownName, to: peerName, route }, trace, 0)
    this.#received = new RecordTrace({ from: peerName, to: ownName, route }, trace, first === undefined ? 0 : 1)
    this.#delivery = new Delivery({
      opener,
      streams: streams.pair,
      drawStreamId: options.drawStreamId ?? drawStreamId,
      ...(streams.files && { files: streams.files }),
    })
    this.#keeper = new ChannelKeeper({
      ...options,
      wake: () => this.wake(),
      onExpired: () => void this.close(CloseReason.EXPIRED),
      onFailed: (error) => void this.#fail(error),
    })
    this.#incoming = new IncomingRecords({
      ...options,
      delivery: this.#delivery,
      trace: this.#received,
      onResumed: () => this.#resumed.resolve(undefined),
      onChannelMoved: () => this.#keeper.poll(),
      onClose: (reason) => this.#receiveClose(reason),
      wake: () => this.wake(),
      isSettled: () => this.#isSettled,
      isClosing: () => this.#isClosing,
    })
    try {
      // The last step, for from here on others hold it.
      streams.attach(this)
    } catch (error) {
      this.#settle(this.#endBy(error))
      throw error
    }
    this.wake()
    void this.#receive(first)
  }

  get peerName(): string {
    return this.#options.peerName
  }

  /** Whether this side has opened it. */
  get isOpener(): boolean {
    return this.#options.opener
  }

  get route(): Route {
    return this.#options.route
  }

  /** Resolves when both sides have said where they stand: the other one is willing. Not if it ends before. */
  get resumed(): Promise<undefined> {
    return this.#resumed.promise
  }

  /** Whether what is appended now is said at once. */
  get isSaying(): boolean {
    return this.#delivery.isResumed && !this.#isClosing && !this.#isSettled
  }

  /** Resolves when it has ended, however; it never rejects. */
  get ended(): Promise<ConversationEnd> {
    return this.#end.promise
  }

  /**
   * Say what there is to say. It waits for the end of the current task and no longer, so that what is said in one go
   * goes in one record; while the link is busy, more gathers.
   */
  wake(): void {
    this.#flushing ??= Promise.resolve()
      .then(() => this.#flush())
      .catch((error: unknown) => this.#settle(this.#endBy(error)))
  }

  async #flush(): Promise<void> {
    for (let sent = this.#next(); sent !== undefined; sent = this.#next()) {
      this.#sent.tell(() => parseRecordBody(sent.plaintext), sent.record)
      await this.#options.link.send(sent.record)
      release(sent.plaintext)
    }
    // No await between the last look and this: whoever wakes after it starts another round.
    this.#flushing = undefined
    this.#keeper.sent()
  }

  #next(): SentRecord | undefined {
    if (this.#isSettled) return undefined
    const { channel, clock, streams } = this.#options
    return channel.next(clock.local.monotonicMs(), () => {
      const plaintext = this.#delivery.next()
      // A Close says nothing that is not saved, and must be sent where the disk takes no more.
      if (plaintext !== undefined && !this.#delivery.isCloseSent) streams.save()
      return plaintext
    })
  }

  async #receive(first: RecordBody | undefined): Promise<void> {
    try {
      await this.#incoming.takeAll(first)
    } catch (error) {
      await this.#fail(error)
    }
  }

  async #receiveClose(reason: CloseReason): Promise<void> {
    const { streams, link } = this.#options
    const by = this.#isClosing ? 'self' : 'peer'
    this.#retire()
    this.#delivery.close(streams.unacknowledged === 0 ? CloseReason.DONE : CloseReason.SHUTDOWN)
    await this.#drain()
    link.end()
    // Until the other end has taken the Close, which it shows by ending its direction.
    if (this.#options.opener) await this.#waitForClose(link.next())
    this.#settle({ how: 'closed', by, reason })
  }

  /** Say all that there is to say, a Close included, as long as the link takes it. */
  async #drain(): Promise<void> {
    this.wake()
    await this.#waitForClose(this.#flushing ?? Promise.resolve())
  }

  /** Await something that depends on the other side, {@link CLOSE_TIMEOUT_MS} at most, however it ends. */
  async #waitForClose(promise: Promise<unknown>): Promise<void> {
    await withTimeout(promise, CLOSE_TIMEOUT_MS, this.#schedule)
  }

  get #schedule(): Schedule {
    return this.#options.schedule ?? scheduleRef
  }

  /**
   * End it in order: say Close, and hear the other side’s. After {@link CLOSE_TIMEOUT_MS} to say it, and
   * {@link ANSWER_TIMEOUT_MS} to hear it, or as long again where something waits for an acknowledgement, it ends without.
   *
   * @returns how it ended; it may have been cut meanwhile.
   */
  async close(reason: CloseReason): Promise<ConversationEnd> {
    this.#isClosing = true
    this.#retire()
    this.#delivery.close(reason)
    await this.#drain()
    const timer = this.#schedule(this.#answerMs(), () => this.#settle({ how: 'closed', by: 'self', reason }))
    const end = await this.ended
    timer.cancel()
    return end
  }

  /** How long to wait for the other side’s Close: with it comes what it has stored meanwhile. */
  #answerMs(): number {
    try {
      return this.#options.streams.unacknowledged === 0 ? ANSWER_TIMEOUT_MS : CLOSE_TIMEOUT_MS
    } catch {
      // A store that cannot be read takes no acknowledgement either.
      return ANSWER_TIMEOUT_MS
    }
  }

  /** Say that somebody is writing here, or has stopped. */
  sendTyping(isActive: boolean): void {
    this.#delivery.sendTyping(isActive)
    this.wake()
  }

  /** Another conversation takes its place. */
  replace(): void {
    this.cut(new SottoError('ERR_CHANNEL_CLOSED', 'a newer conversation took this one’s place'))
  }

  /** End it at once, without a word to the other side. */
  cut(error: SottoError): void {
    this.#settle({ how: 'cut', error })
  }

  async #fail(thrown: unknown): Promise<void> {
    const end = this.#endBy(thrown)
    const reason = end.how === 'cut' ? goodbyeFor(end.error) : undefined
    if (reason !== undefined) {
      this.#retire()
      this.#delivery.close(reason)
      await this.#drain()
    }
    this.#settle(end)
  }

  /** The end that a failure means for the conversation. */
  #endBy(thrown: unknown): ConversationEnd {
    // What was sent is sent: the other end need not have had the time to answer.
    if (this.#isClosing && this.#delivery.isCloseSent) {
      return { how: 'closed', by: 'self', reason: CloseReason.DONE }
    }
    return { how: 'cut', error: asSottoError(thrown) }
  }

  /** Begin to end: the channel is kept open no longer. */
  #retire(): void {
    this.#options.channel.stop()
    this.#keeper.stop()
  }

  #settle(end: ConversationEnd): void {
    this.#isSettled = true
    this.#retire()
    this.#options.streams.detach(this)
    this.#options.link.cancel()
    this.#sent.end()
    this.#received.end()
    this.#end.resolve(end)
  }
}

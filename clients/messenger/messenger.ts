/**
 * The messenger: the one process that owns a profile's conversations. It opens one whenever something waits for somebody
 * who is there, and keeps all that is sent and received in the profile's store. One that listens is online for as long
 * as it runs and takes conversations that others open; one that does not only calls.
 *
 * @module
 */
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import { schedule } from '#lib/runtime/schedule.ts'
import type { WritePermission } from '#lib/trust/permission.ts'
import { Files } from '../files/files.ts'
import type { MailboxClient } from '../letters/mailbox.ts'
import { drawEventId } from '../peer/event-ids.ts'
import { mayWriteOnceProven } from '../peer/may-write.ts'
import type { Calling } from '../peer/open-conversation.ts'
import { mayReceive } from '../profile/permission.ts'
import { answerTalking } from '../profile/talking.ts'
import type { Progress } from '../store/log/progress.ts'
import type { Message } from '../store/reading/messages.ts'
import type { UnreadGap } from '../store/reading/unread.ts'
import type { TransferPlace } from '../store/rows/transfer-rows.ts'
import type { Store } from '../store/store.ts'
import { isAt } from '../store/transfers/transfer-steps.ts'
import { KeyWarnings } from './key-warnings.ts'
import { Letters } from './letters.ts'
import { connectMailbox } from './mailbox/connect-mailbox.ts'
import { leaveMailbox } from './mailbox/leave-mailbox.ts'
import type { MessengerOptions } from './messenger-options.ts'
import type { PeerSession } from './peer-session.ts'
import { PeerSessions } from './peer-sessions.ts'
import { followProfile } from './profile-changes.ts'
import { Reachability } from './reachability.ts'
import { StreamsByKey } from './streams-by-key.ts'
import { WriteQueue } from './write-queue.ts'

export class Messenger {
  /** Offers files and folders, and answers offers. */
  readonly files: Files
  readonly #options: MessengerOptions
  readonly #calling: Calling
  readonly #streamsByKey: StreamsByKey
  readonly #peers: PeerSessions
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #unwatchProfile: () => void
  #endAnswering: () => Promise<void> = async () => {}
  readonly #warnings: KeyWarnings
  readonly #letters: Letters | undefined
  readonly #writing = new WriteQueue({
    permit: (name) => this.#permit(name),
    append: (name, permission, events) => this.#append(name, permission, events),
  })
  #reachability: Reachability | undefined
  /** The withdrawal of prekeys, where no relay is to be used. */
  #leaving: Promise<void> | undefined
  readonly #failure = Promise.withResolvers<never>()

  constructor(options: MessengerOptions) {
    const { profile, clock, directory, store, events, trace, staggerMs, channelTimes = {} } = options
    this.#options = options
    this.#warnings = new KeyWarnings(profile, events)
    this.#signal = AbortSignal.any([options.signal, this.#stopped.signal])
    this.files = new Files({
      store,
      monotonicMs: () => clock.local.monotonicMs(),
      schedule,
      acceptInto: options.acceptInto,
      onFile: (transfer, error) => events.onFile?.(transfer, error),
      permit: (name) => this.#permit(name),
      messageLogOf: (name) => this.peer(name).streams.messageLog,
      onAppended: (name) => this.#sendAppended(name),
    })
    const sendsReceipts = () => profile.state.receipts
    const { files } = this
    this.#streamsByKey = new StreamsByKey({
      store,
      files,
      onProgress: events.onProgress,
      sendsReceipts,
      permit: (name, identityKey) => mayReceive(profile, name, identityKey),
    })
    const { onReceived: deliver, onPinned, onTyping = () => {}, onWaiting } = events
    this.#calling = {
      profile,
      directory,
      clock,
      deliver,
      onTyping,
      onPinned,
      onWaiting,
      trace,
      staggerMs,
      channelTimes,
    }
    this.#peers = new PeerSessions({
      calling: this.#calling,
      streamsByKey: this.#streamsByKey,
      directory,
      isListening: options.listen !== undefined,
      moveBackoff: options.moveBackoff,
      events: {
        ...events,
        onRefused: (name, error) => this.#warnings.refused(name, error),
        onPresence: (name, isOnline) => {
          events.onPresence(name, isOnline)
          this.#letters?.consider(name)
        },
        onParted: (name, end) => {
          events.onParted?.(name, end)
          this.#letters?.consider(name)
        },
      },
      attempt: (work) => this.#attempt(work),
      signal: this.#signal,
    })
    this.#letters = this.#lettersOver(options.mailbox ?? connectMailbox(profile, trace))
    // Whoever runs it hears it.
    this.#failure.promise.catch(() => undefined)
    const known = (name: string) => this.#peers.known(name)
    this.#unwatchProfile = followProfile(profile, {
      onReceipts: () => this.#attempt(() => this.#streamsByKey.reportRead()),
      onStopped: (name) => this.#attempt(() => known(name)?.goodbye()),
      onAllowed: (name) => known(name)?.call(),
      onPinned: (name, identityKey) => this.#reportUndeliverable(name, identityKey),
      onDoubtWithdrawn: (name, { changedAtMs }) => {
        this.#warnings.forget(name)
        const forMs = changedAtMs === undefined ? undefined : clock.local.now().getTime() - changedAtMs
        events.onDoubtWithdrawn?.(name, forMs)
        // What waited goes.
        known(name)?.hurry()
      },
      onKeyReplaced: (name, identityKey) => {
        this.#warnings.forget(name)
        this.#attempt(() => known(name)?.closeOtherKeys())
        this.#reportUndeliverable(name, identityKey)
        known(name)?.call()
      },
    })
  }

  #lettersOver(mailbox: MailboxClient | undefined): Letters | undefined {
    if (mailbox === undefined) return undefined
    const { events, profile, directory, clock, store, awayMs } = this.#options
    return new Letters({
      ...{ mailbox, profile, directory, clock, store, streamsByKey: this.#streamsByKey, signal: this.#signal },
      ...(awayMs !== undefined && { awayMs }),
      // A send posts what it is to post itself, and says what has become of it.
      postsLast: this.#options.listen !== undefined,
      isOnline: (name) => this.isOnline(name),
      attempt: (work) => this.#attempt(work),
      deliver: (name, received) => {
        events.onReceived(name, received, true)
        if (received.some(({ kind }) => kind?.$case !== 'text')) this.files.poll()
      },
      onProgress: (name) => events.onProgress(name, this.progress(name)),
      onPinned: (name) => events.onPinned(name, true),
      onTooLarge: (name) => events.onTooLargeForLetter?.(name),
      onKeyChanged: (name) => this.#warnings.keyChanged(name),
      onRefused: (name, error) => this.#warnings.refused(name, error),
    })
  }

  /** Ask whether somebody may be written to now; in a doubt about their key, once they were called. */
  #permit(name: string): Promise<WritePermission> {
    return mayWriteOnceProven(this.#calling, name, this.#signal)
  }

  /** Do what nobody waits for. A failure of it, such as of a damaged store, ends the messenger. */
  #attempt(work: () => unknown): void {
    Promise.try(work).catch((error: unknown) => this.#failure.reject(error))
  }

  /**
   * Be online until it can go on no more; or call others until then, where it does not listen.
   *
   * @throws SottoError `ERR_CONFIG` if the address cannot be bound; `ERR_ANNOUNCE_REPLACED`, `ERR_SESSION_ENDED` when
   *   that ends it; `ERR_UNAVAILABLE` and the like if the services cannot be reached at the start, unless it
   *   starts offline; `ERR_STORE`, `ERR_STORE_DAMAGED`; the signal's reason.
   */
  run(): Promise<never> {
    return Promise.race([this.#run(), this.#failure.promise])
  }

  async #run(): Promise<never> {
    const { listen, profile, store } = this.#options
    this.files.poll()
    this.#endAnswering = answerTalking(profile, {
      routeTo: (name) => this.routeTo(name),
      post: (name) => this.postNow(name),
    })
    if (listen === undefined) {
      this.takeAppended()
      return await this.#peers.ended
    }
    this.#reachability = this.#createReachability(listen)
    await this.#reachability.begin()
    await this.#letters?.own.collect()
    for (const name of store.names()) this.peer(name)
    this.#attempt(() => this.#letters?.own.keepPrekeys())
    if (profile.state.reach === 'direct') {
      this.#leaving = leaveMailbox(profile, { ...this.#options, signal: this.#signal })
      this.#attempt(() => this.#leaving)
    }
    for (const name of store.names()) this.#letters?.consider(name)
    return await Promise.race([this.#reachability.stayOnline(), this.#peers.ended])
  }

  #createReachability(listen: Endpoint): Reachability {
    const { directory, events } = this.#options
    return new Reachability({
      ...this.#options,
      ...events,
      ...this.#calling,
      directory,
      listen,
      streamsByKey: this.#streamsByKey,
      onKeyChanged: (name) => this.#warnings.keyChanged(name),
      onRefused: (error) => events.onCallRefused?.(error),
      onConversation: (conversation) => this.#peers.take(conversation),
      onMail: () => this.#letters?.own.noteMail(),
      signal: this.#signal,
    })
  }

  /** The session with a person; if this end is online, the person is watched from now on. */
  peer(name: string): PeerSession {
    return this.#peers.with(name)
  }

  isOnline(name: string): boolean {
    return this.#peers.known(name)?.isOnline ?? false
  }

  /** Whether a conversation with somebody is open. */
  isTalkingWith(name: string): boolean {
    return this.#peers.isTalkingWith(name)
  }

  /** The way that the conversation with somebody goes; undefined where none is open. */
  routeTo(name: string): Route | undefined {
    return this.#peers.routeTo(name)
  }

  /**
   * Open a conversation with somebody now, if none is open; they have said that they are willing when this resolves.
   * Nothing is kept of somebody who was not known before, unless it succeeds.
   *
   * @throws SottoError what the attempt fails with: `ERR_NO_SUCH_USER`, `ERR_NOT_ONLINE`, `ERR_KEY_CHANGED`,
   *   `ERR_PEER_UNREACHABLE`, `ERR_BLOCKED` and whatever else opening a conversation can.
   */
  async open(name: string): Promise<void> {
    await this.peer(name).open()
  }

  /**
   * Leave what waits for somebody at their mailbox now, or see that it could be left there, where nothing waits.
   *
   * @returns whether all of it has gone: not if the next message is too large for a letter.
   * @throws SottoError `ERR_NO_MAILBOX` if they have none, or there are none; whatever else posting can.
   */
  async postNow(name: string): Promise<boolean> {
    if (this.#letters === undefined) throw new SottoError('ERR_NO_MAILBOX', 'there are no mailboxes here')
    return await this.#letters.postNow(name)
  }

  /** Keep a conversation with somebody open from now on, whenever they are online: begin it anew where it breaks. */
  keep(name: string): void {
    const peer = this.peer(name)
    if (peer.conversation === undefined) this.#peers.follow(name)
    peer.keep()
  }

  /**
   * Say a text, or several in one step. They wait in the store until they are acknowledged.
   *
   * @param texts - UTF-8 where they are bytes, each at most 1 MiB.
   * @returns the ordinal of the last among all that was sent to this key, to look for in
   *   {@link MessengerEvents.onProgress}.
   * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_KEY_MISMATCH`, `ERR_MESSAGE_TOO_LARGE`, `ERR_INVALID_UTF8`,
   *   `ERR_STORE`; `ERR_STREAM_RENEWED` if the contact was forgotten meanwhile; what the messenger was stopped with: then
   *   none of them waits.
   */
  enqueue(name: string, ...texts: readonly (string | Uint8Array)[]): Promise<number> {
    const writtenAt = this.#options.clock.local.now()
    try {
      const events = texts.map((body) => encodeTextEvent({ eventId: drawEventId(), writtenAt, body }))
      return this.#writing.write(name, events)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Send events, encoded, in this very turn; otherwise as {@link enqueue} does texts.
   *
   * @param place - Where they are to wait: for the key that they were written for.
   * @param permission - Asked for now.
   * @returns the ordinal of the last; undefined, with nothing sent, if this process writes to another key of theirs now.
   * @throws SottoError as {@link DurableStreams.append}.
   */
  append(
    name: string,
    place: TransferPlace,
    permission: WritePermission,
    events: readonly Uint8Array[],
  ): number | undefined {
    if (!isAt(this.peer(name).streams.messageLog.place, place)) return undefined
    return this.#append(name, permission, events)
  }

  #append(name: string, permission: WritePermission, events: readonly Uint8Array[]): number {
    const peer = this.peer(name)
    const ordinal = peer.streams.append(permission, events)
    peer.dial()
    this.#options.events.onChanged?.(name)
    this.#letters?.consider(name)
    return ordinal
  }

  /**
   * Let somebody know that the user writes to them, or has stopped: where a conversation is open, and lost otherwise.
   */
  sendTyping(name: string, isActive: boolean): void {
    this.#peers.known(name)?.conversation?.sendTyping(isActive)
  }

  /**
   * Note that the user has seen what somebody said, as {@link Store.markRead} does, and tell them where the profile allows.
   */
  markRead(name: string, through?: Message | UnreadGap): void {
    this.#options.store.markRead(name, through)
    this.#streamsByKey.reportRead(name)
    this.#options.events.onChanged?.(name)
  }

  /** The progress of what was sent to somebody, under the key that is pinned now. */
  progress(name: string): Progress {
    return this.peer(name).progress
  }

  #sendAppended(name: string): void {
    const peer = this.peer(name)
    peer.streams.takeAppended()
    peer.dial()
    this.#options.events.onChanged?.(name)
  }

  /** Another process has put something into the store: send it. */
  takeAppended(): void {
    const { store } = this.#options
    const names = store.names()
    this.#streamsByKey.keepOnly(new Set(names))
    const flowing = this.files.poll()
    const waiting = new Set(store.waiting().map(({ name }) => name)).union(flowing)
    for (const name of this.#options.listen === undefined ? waiting : names) {
      const peer = this.peer(name)
      peer.streams.takeAppended()
      if (peer.conversation === undefined && waiting.has(name)) this.#peers.follow(name)
      peer.dial()
      if (waiting.has(name)) this.#letters?.consider(name)
    }
  }

  /** Report how many messages wait for other keys of somebody than this one, which is pinned: as it is, they go nowhere. */
  #reportUndeliverable(name: string, identityKey: Uint8Array): void {
    const { store, events } = this.#options
    this.#attempt(() => {
      const { undeliverable } = store.undelivered(name, identityKey)
      if (undeliverable > 0) events.onUndeliverable?.(name, undeliverable)
    })
  }

  /**
   * Keep what is being enqueued, close all conversations, and stop: afterwards nothing of it uses the store. What fails of
   * it keeps nothing else from its end.
   */
  async stop(reason?: CloseReason): Promise<void> {
    this.#unwatchProfile()
    const answered = this.#endAnswering()
    this.#stopped.abort(new SottoError('ERR_INTERRUPTED', 'the messenger was stopped'))
    // Only now: in a doubt about a key, calls that would keep the user waiting have ended with that.
    await this.#writing.idle()
    // The last first.
    await using ending = new AsyncDisposableStack()
    ending.defer(() => this.files.stop())
    ending.defer(() => this.#leaving?.catch(() => undefined))
    ending.defer(() => this.#letters?.stop())
    // What is being posted for other processes gets there before letters are given up.
    ending.defer(() => answered)
    ending.defer(() => this.#peers.idle())
    ending.defer(() => this.#reachability?.stop())
    ending.defer(() => this.#peers.goodbye(reason))
  }
}

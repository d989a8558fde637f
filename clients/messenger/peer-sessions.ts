/**
 * Everybody that a messenger talks with: who is watched at the directory, and with whom a conversation is open.
 *
 * @module
 */
import type { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import type { Route } from '#lib/protocol.ts'
import { schedule } from '#lib/runtime/schedule.ts'
import type { ConversationEnd } from '../peer/close-reasons.ts'
import type { Conversation } from '../peer/conversation.ts'
import type { Calling } from '../peer/open-conversation.ts'
import { mayConverse } from '../profile/permission.ts'
import type { BackoffOptions } from '../session/backoff.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import type { PresenceWatch } from '../session/presence-watch.ts'
import type { MessengerEvents } from './messenger-options.ts'
import { HEAD_START_MS, PeerSession } from './peer-session.ts'
import type { StreamsByKey } from './streams-by-key.ts'

/** How long a long-running client waits between two attempts to call somebody, at most, in milliseconds. */
const LONG_RUNNING_BACKOFF_MS = 15_000

/** How long a client waits that runs for this call alone, likewise. */
const ONE_SHOT_BACKOFF_MS = 2_000

/** How long after a key was said to have changed the services are asked again, in milliseconds. */
const DOUBT_RETRY_MS = 60_000

/**
 * How long after a conversation through the relay was cut nobody counts as gone, in milliseconds: the direct one that takes its
 * place may begin a round trip later.
 */
const MOVE_MS = 1_000

export interface PeerSessionsOptions {
  readonly calling: Calling
  readonly streamsByKey: StreamsByKey
  readonly directory: Pick<DirectoryClient, 'watch'>
  /** Whether others can call here: then everybody is watched, and calls may be left to them. */
  readonly isListening: boolean
  readonly events: Pick<
    MessengerEvents,
    'onPresence' | 'onConversation' | 'onRoute' | 'onParted' | 'onRefused' | 'onBusy'
  >
  /** When a direct conversation is tried in the place of one through the relay, where it is not for the side to say. */
  readonly moveBackoff?: BackoffOptions | undefined
  /** Do what nobody waits for, and whose failure ends the messenger. */
  readonly attempt: (work: () => unknown) => void
  readonly signal: AbortSignal
}

export class PeerSessions {
  readonly #options: PeerSessionsOptions
  readonly #watch: PresenceWatch
  readonly #all = new Map<string, PeerSession>()
  /** The names whose coming and going the directory reports. */
  readonly #followed = new Set<string>()
  /** The names with whom a conversation is open, and was reported, and the way that it goes. */
  readonly #present = new Map<string, Route>()

  constructor(options: PeerSessionsOptions) {
    const { directory, signal } = options
    this.#options = options
    this.#watch = directory.watch([], {
      signal,
      onChange: (name, isOnline) => this.#onPresence(name, isOnline),
      onRegained: () => this.#onRegained(),
    })
  }

  /** The end of the watch: rejects when the directory can report no more, see {@link PresenceWatch.ended}. */
  get ended(): Promise<never> {
    return this.#watch.ended
  }

  known(name: string): PeerSession | undefined {
    return this.#all.get(name)
  }

  /** The session with a person; if others can call here, the person is watched from now on. */
  with(name: string): PeerSession {
    const known = this.#all.get(name)
    if (known !== undefined) return known
    const { calling, streamsByKey, isListening, events, signal, moveBackoff } = this.#options
    const peer = new PeerSession({
      name,
      calling,
      streamsByKey,
      // Nobody can call who does not listen.
      headStartMs: () => (isListening && this.#isHigher(name) ? HEAD_START_MS : 0),
      longestBackoffMs: isListening ? LONG_RUNNING_BACKOFF_MS : ONE_SHOT_BACKOFF_MS,
      doubtRetryMs: isListening ? DOUBT_RETRY_MS : undefined,
      moveBackoff,
      onConversation: (conversation) => this.take(conversation),
      onRefused: (error) => events.onRefused(name, error),
      onBusy: (error) => events.onBusy?.(name, error),
      signal,
    })
    this.#all.set(name, peer)
    if (isListening) this.follow(name)
    return peer
  }

  /** Have the directory report when somebody comes and goes. */
  follow(name: string): void {
    this.#followed.add(name)
    this.#watch.setUsernames(this.#followed)
  }

  /** Whether this side gives the other a head start: the one with the bytewise larger identity key does. */
  #isHigher(name: string): boolean {
    const { identity, pins } = this.#options.calling.profile.state
    const theirs = pins.get(name)?.identityKey
    return theirs !== undefined && Buffer.compare(identity.publicKey, theirs) > 0
  }

  /** Whether a conversation with somebody is open. */
  isTalkingWith(name: string): boolean {
    return this.#present.has(name)
  }

  /** The way that the conversation with somebody goes; undefined where none is open. */
  routeTo(name: string): Route | undefined {
    return this.#present.get(name)
  }

  #onPresence(name: string, isOnline: boolean): void {
    this.with(name).setOnline(isOnline)
    this.#options.events.onPresence(name, isOnline)
  }

  /** The directory is there again, and so are calls. */
  #onRegained(): void {
    for (const peer of this.#all.values()) peer.hurry()
  }

  /** A conversation was opened, by either side. */
  take(conversation: Conversation): void {
    const { calling, events, attempt } = this.#options
    const { peerName: name, ended, route } = conversation
    const peer = this.with(name)
    // While it was beginning.
    const isAllowed = mayConverse(calling.profile.state, name)
    attempt(() => (isAllowed ? peer.closeOtherKeys() : peer.goodbye()))
    const before = this.#present.get(name)
    this.#present.set(name, route)
    if (before === undefined) events.onConversation?.(name, route)
    if (before !== route) events.onRoute?.(name, route)
    if (route === 'relay') peer.moveToDirect(conversation)
    // They have heard how far their stream is stored: no letter needs to say it.
    const { messageLog } = peer.streams
    void conversation.resumed.then(() => attempt(() => messageLog.letters.markUnanswered(false)))
    void ended.then((end) => attempt(() => this.#onEnded(name, end)))
  }

  #onEnded(name: string, end: ConversationEnd): void {
    const { signal, attempt } = this.#options
    if (signal.aborted) return
    const isMoving = end.how === 'cut' && this.#present.get(name) === 'relay'
    if (isMoving) schedule(MOVE_MS, () => attempt(() => this.#part(name, end)))
    else this.#part(name, end)
    // What waits and could not be sent in it is sent in another.
    this.follow(name)
    this.with(name).dial({ headStart: true })
  }

  /** Report that nobody talks with somebody any more, if that is so. */
  #part(name: string, end: ConversationEnd): void {
    const { streamsByKey, events, signal } = this.#options
    if (signal.aborted || streamsByKey.conversationsWith(name).length > 0) return
    if (this.#present.delete(name)) events.onParted?.(name, end)
  }

  /** End what conversations there are in order. */
  async goodbye(reason?: CloseReason): Promise<void> {
    await Promise.all(this.#all.values().map((each) => each.goodbye(reason)))
  }

  /** Resolves when nobody is being called any more; the signal must be aborted before. */
  async idle(): Promise<void> {
    await Promise.all(this.#all.values().map((each) => each.idle()))
  }
}

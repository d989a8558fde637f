/**
 * One contact, as the messenger sees them: what waits for them, whether they are online, and the conversation with them,
 * which this side opens whenever something waits and they are there.
 *
 * Where both call at the same moment, each takes the newest conversation in the place of its own, and so cuts both. One of the two
 * then waits for {@link HEAD_START_MS} before it tries again, so that the other's second call meets none.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { asSottoError, isSottoError, SottoError } from '#lib/errors.ts'
import { BusyContact } from '../peer/busy-contact.ts'
import { throwIfRefused } from '../peer/close-reasons.ts'
import type { Conversation } from '../peer/conversation.ts'
import { type Calling, openConversation, openDirectly } from '../peer/open-conversation.ts'
import { Backoff, type BackoffOptions } from '../session/backoff.ts'
import type { Progress } from '../store/log/progress.ts'
import type { DurableStreams } from './durable-streams.ts'
import { moveToDirect } from './move-to-direct.ts'
import type { StreamsByKey } from './streams-by-key.ts'
import { failureOf, isTelling, untilWilling } from './willingness.ts'

export interface PeerSessionOptions {
  readonly name: string
  readonly calling: Calling
  readonly streamsByKey: StreamsByKey
  /**
   * How long to leave to the other side before calling them where both may want to, in milliseconds: nothing for one of
   * a pair, and {@link HEAD_START_MS} for the other.
   */
  readonly headStartMs: () => number
  /** How long to wait between two attempts, at most, in milliseconds. */
  readonly longestBackoffMs: number
  /** How long to wait before they are called again in a doubt about their key, in milliseconds; undefined for never. */
  readonly doubtRetryMs: number | undefined
  /** When a direct conversation is tried in the place of one through the relay, where it is not for the side to say. */
  readonly moveBackoff?: BackoffOptions | undefined
  /** This side has opened a conversation. */
  readonly onConversation: (conversation: Conversation) => void
  /** There is no room for a conversation with the person; it is tried again until there is. */
  readonly onBusy: (error: SottoError) => void
  /** The person cannot be written to or called, for a reason that trying again does not mend. */
  readonly onRefused: (error: SottoError) => void
  readonly signal: AbortSignal
}

/** How long a call takes on a slow link, so that the side that waits finds a conversation instead of opening one. */
export const HEAD_START_MS = 1_000

const FIRST_BACKOFF_MS = 250

/** How many conversations in a row may be cut before a record was sent, until that counts as a failure to open one. */
const MAX_EARLY_CUTS = 5

/** Failures that only the user can mend: the key, the block, the session. */
const FINAL: ReadonlySet<string> = new Set([
  'ERR_KEY_CHANGED',
  'ERR_KEY_MISMATCH',
  'ERR_BLOCKED',
  'ERR_SESSION_ENDED',
  'ERR_NO_SUCH_USER',
  'ERR_CHAT_WITH_SELF',
  'ERR_INVALID_ARGUMENT',
  'ERR_STORE_DAMAGED',
])

/** The progress with somebody to whom nothing was sent. */
const NO_PROGRESS: Progress = { appended: 0, sent: 0, posted: 0, delivered: 0, read: 0 }

/** A caller who waits for a conversation to be open. */
type Opening = Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'>

export class PeerSession {
  readonly name: string
  readonly #options: PeerSessionOptions
  readonly #backoff: Backoff
  readonly #busy: BusyContact
  #online = false
  /** Whether a conversation is to be opened though nothing waits here. */
  #isWanted = false
  /** Whether one is to be open for good. */
  #isKept = false
  /** The callers that wait for the next attempt. */
  #openings: Opening[] = []
  #earlyCuts = 0
  /** Whether there is to be another attempt in a doubt about their key. */
  #isTryingAgain = false
  #dialling: Promise<void> | undefined
  /** Whether another reason to dial has come up since the last check. */
  #isAskedAgain = false
  /** Ends the pause behind the attempt that is under way, or was last. */
  #hurry = new AbortController()

  constructor(options: PeerSessionOptions) {
    this.#options = options
    this.name = options.name
    this.#backoff = new Backoff({ firstMs: FIRST_BACKOFF_MS, longestMs: options.longestBackoffMs })
    this.#busy = new BusyContact(() => options.calling.clock.local.monotonicMs(), options.onBusy)
  }

  get isOnline(): boolean {
    return this.#online
  }

  get #identityKey(): Uint8Array | undefined {
    return this.#options.calling.profile.state.pins.get(this.name)?.identityKey
  }

  /** The streams with the key that is pinned now, or with whichever comes first. The contact is kept from then on. */
  get streams(): DurableStreams {
    return this.#options.streamsByKey.with(this.name, this.#identityKey)
  }

  /** The progress of what was sent to that key. */
  get progress(): Progress {
    return this.#options.streamsByKey.found(this.name, this.#identityKey)?.progress ?? NO_PROGRESS
  }

  /** The conversation with the key that is pinned now. */
  get conversation(): Conversation | undefined {
    return this.#options.streamsByKey.known(this.name, this.#identityKey)?.conversation
  }

  /** Take note of what the directory reports. */
  setOnline(isOnline: boolean): void {
    const hasCome = isOnline && !this.#online
    this.#online = isOnline
    if (hasCome) this.hurry()
  }

  /** Try sooner: they have come, or the services are back. They may call just as well. */
  hurry(): void {
    this.#hurry.abort()
    this.dial({ headStart: true })
  }

  /** Open a conversation even if nothing waits here: something may wait there that was refused until now. */
  call(): void {
    this.#isWanted = true
    this.hurry()
  }

  /**
   * Open a conversation now, whether they are online or not, if none is open. They are willing when this resolves.
   *
   * @throws SottoError as its attempt does.
   */
  async open(): Promise<void> {
    const present = this.conversation
    if (present !== undefined && (await untilWilling(this.#options.calling, present)) === undefined) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#openings.push({ resolve, reject })
    this.#hurry.abort()
    this.dial()
    await promise
  }

  /** Keep a conversation open from now on, whether anything waits or not, whenever they are online. */
  keep(): void {
    this.#isKept = true
    this.dial({ headStart: true })
  }

  /** Open a conversation if something waits, they are there, and none is open. */
  dial({ headStart = false } = {}): void {
    this.#isAskedAgain = true
    this.#dialling ??= this.#dial(headStart)
      .catch((thrown: unknown) => {
        this.#options.onRefused(asSottoError(thrown))
        void this.#tryAgainInDoubt()
      })
      .finally(() => {
        this.#dialling = undefined
        // It may have looked, and found no reason, a moment before there was one.
        if ((this.#isAskedAgain || this.#openings.length > 0) && this.#isCalledFor()) this.dial({ headStart })
        else this.#answer(this.#options.signal.reason)
      })
  }

  /** Whether there is a reason to call now, of all that was asked until then. */
  #isCalledFor(): boolean {
    this.#isAskedAgain = false
    if (this.#options.signal.aborted || this.conversation !== undefined) return false
    if (this.#openings.length > 0) return true
    return this.#online && (this.#isKept || this.#isWanted || this.#hasMore)
  }

  get #hasMore(): boolean {
    return this.#options.streamsByKey.found(this.name, this.#identityKey)?.hasMore === true
  }

  async #dial(headStart: boolean): Promise<void> {
    const { headStartMs } = this.#options
    if (headStart && this.#isCalledFor()) await this.#wait(headStartMs())
    while (this.#isCalledFor()) {
      // A reason to hurry that comes up while this attempt fails is one for the next.
      this.#hurry = new AbortController()
      const failure = await this.#converse()
      if (this.#isCalledFor()) await this.#pause(headStartMs() + this.#backoff.nextMs(failure))
    }
  }

  /**
   * Open a conversation, and wait for its end.
   *
   * @returns what it failed with, if trying again may mend that.
   * @throws SottoError only what trying again does not mend.
   */
  async #converse(): Promise<SottoError | undefined> {
    const { signal } = this.#options
    const before = this.#delivered
    try {
      const conversation = await this.#open()
      if (conversation === undefined) return undefined
      this.#busy.hasRoom()
      this.#isWanted = false
      this.#answer()
      throwIfRefused(this.name, await conversation.ended)
    } catch (error) {
      if (signal.aborted) return undefined
      // Who asks for a conversation waits until there is room.
      if (this.#busy.isWorthWaiting(error)) return asSottoError(error)
      // The other side's call may have come first.
      if (this.#answer(error) || (isSottoError(error) && !FINAL.has(error.code))) {
        return isSottoError(error) ? error : undefined
      }
      this.#isWanted = false
      this.#isKept = false
      this.#isAskedAgain = false
      throw error
    }
    // One that is opened and cut over and over again is no reason to try faster.
    if (this.#delivered > before) this.#backoff.reset()
    return undefined
  }

  /**
   * Open a conversation, and wait until the other side is willing. Undefined where that was cut, and is worth another
   * try.
   */
  async #open(): Promise<Conversation | undefined> {
    const { calling, signal, onConversation } = this.#options
    const conversation = await openConversation(calling, this.name, this.#streamsWith, signal)
    const end = await untilWilling(calling, conversation)
    if (end?.how === 'cut' && !isTelling(end.error) && ++this.#earlyCuts < MAX_EARLY_CUTS) return undefined
    this.#earlyCuts = 0
    if (end !== undefined) throw failureOf(this.name, end)
    onConversation(conversation)
    return conversation
  }

  readonly #streamsWith = (identityKey: Uint8Array): DurableStreams => {
    return this.#options.streamsByKey.with(this.name, identityKey)
  }

  /** Have a conversation that goes through the relay go directly as soon as it can, where the user wants it so. */
  moveToDirect(from: Conversation): void {
    const { calling, signal, onConversation, moveBackoff } = this.#options
    const { onWaiting: _, ...quietly } = calling
    const open = async (over: AbortSignal): Promise<boolean> => {
      try {
        const conversation = await openDirectly(quietly, this.name, this.#streamsWith, over)
        const end = await untilWilling(calling, conversation)
        if (end !== undefined) throw failureOf(this.name, end)
        onConversation(conversation)
        return true
      } catch {
        // It may have taken the place of the other, and broken then.
        this.dial({ headStart: true })
        return false
      }
    }
    const isWanted = () => this.conversation === from && calling.profile.state.reach === 'any'
    void moveToDirect({ from, isWanted, open, signal, ...(moveBackoff && { backoff: moveBackoff }) })
  }

  get #delivered(): number {
    return this.#options.streamsByKey.known(this.name, this.#identityKey)?.progress.delivered ?? 0
  }

  /** Nobody tells when the services name the right key again: whoever runs for long asks them while there is a doubt. */
  async #tryAgainInDoubt(): Promise<void> {
    const { doubtRetryMs, calling, signal } = this.#options
    const isDoubted = calling.profile.state.pins.get(this.name)?.changedTo !== undefined
    if (doubtRetryMs === undefined || !isDoubted || this.#isTryingAgain) return
    this.#isTryingAgain = true
    await this.#wait(doubtRetryMs)
    this.#isTryingAgain = false
    if (!signal.aborted) this.hurry()
  }

  /** Answer those who wait for a conversation. Returns whether anybody was given a failure. */
  #answer(failure?: unknown): boolean {
    const openings = this.#openings.splice(0)
    const isOpen = this.conversation !== undefined
    for (const { resolve, reject } of openings) {
      if (isOpen) resolve()
      else reject(failure ?? new SottoError('ERR_CHANNEL_CLOSED', `${this.name} has left again`))
    }
    return openings.length > 0 && !isOpen
  }

  /** Wait, unless there is a reason to go on sooner: the first attempt after it is as good as a first. */
  async #pause(ms: number): Promise<void> {
    await this.#wait(ms, this.#hurry.signal)
    if (!this.#hurry.signal.aborted) return
    this.#backoff.reset()
    if (this.#openings.length === 0) await this.#wait(this.#options.headStartMs())
  }

  async #wait(ms: number, sooner?: AbortSignal): Promise<void> {
    const { signal } = this.#options
    const over = sooner === undefined ? signal : AbortSignal.any([signal, sooner])
    if (ms === 0) return
    await setTimeout(ms, undefined, { signal: over }).catch(() => undefined)
  }

  /** End what conversations there are in order. */
  async goodbye(reason: CloseReason = CloseReason.SHUTDOWN): Promise<void> {
    const conversations = this.#options.streamsByKey.conversationsWith(this.name)
    await Promise.all(conversations.map((conversation) => conversation.close(reason)))
  }

  /** End in order what conversations there are with other keys than the one that is pinned now. */
  async closeOtherKeys(): Promise<void> {
    const present = this.conversation
    const others = this.#options.streamsByKey.conversationsWith(this.name).filter((each) => each !== present)
    await Promise.all(others.map((conversation) => conversation.close(CloseReason.KEY_CHANGED)))
  }

  /** Resolves when nothing is being tried any more; the signal must be aborted before. */
  async idle(): Promise<void> {
    await this.#dialling
  }
}

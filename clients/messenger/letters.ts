/**
 * The letters of a messenger: what waits for people who are away is left at their mailboxes, and what lies in the own one is
 * collected (own-mailbox.ts).
 *
 * Whoever has been away for {@link AWAY_MS} with something waiting gets letters. Whoever wrote some, and is away again, gets
 * one that says that theirs are stored.
 *
 * @module
 */
import { asSottoError, isSottoError, type SottoError } from '#lib/errors.ts'
import type { CollectOptions } from '../letters/collect-letters.ts'
import type { MailboxClient } from '../letters/mailbox.ts'
import { type Envelope, getEnvelope, type PostOptions, postLetters } from '../letters/post-letters.ts'
import { isPassing } from '../session/service-outage.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { Store } from '../store/store.ts'
import { OwnMailbox, throwUnlessPassing } from './own-mailbox.ts'
import type { StreamsByKey } from './streams-by-key.ts'

/** How long somebody is away before what waits is posted, in milliseconds: a restart or a moment without network is less. */
const AWAY_MS = 10_000

/** How often letters may say nothing but that others are stored, in milliseconds; and how often all is looked through. */
const ANSWER_EVERY_MS = 3_600_000

/** How long what a letter needs of others is kept for one that is not written yet, in milliseconds. */
const ENVELOPE_MS = 60_000

/** How long what is posted last may keep a messenger from its end, in milliseconds. */
const LAST_MS = 3_000

/** How long after a failure it is tried again, in milliseconds, where it does not say when. */
const RETRY_MS = 60_000

export interface LettersOptions
  extends Omit<PostOptions, 'mailbox' | 'messageLogFor'>,
    Pick<CollectOptions, 'deliver' | 'onProgress' | 'onKeyChanged'> {
  readonly mailbox: MailboxClient
  readonly store: Store
  readonly streamsByKey: StreamsByKey
  /** Whether somebody is online, as far as is known. */
  readonly isOnline: (name: string) => boolean
  /** Do what nobody waits for, and whose failure ends the messenger. */
  readonly attempt: (work: () => unknown) => void
  /** Nothing can be written to somebody until the user does something about it. */
  readonly onRefused: (name: string, error: SottoError) => void
  /** The next message to somebody is too large for a letter: it waits for a conversation, with all behind it. */
  readonly onTooLarge: (name: string) => void
  /** How long somebody is away before what waits is posted, in milliseconds; {@link AWAY_MS} unless set. */
  readonly awayMs?: number
  /** Whether what waits is posted as this stops, and not left for who runs next. */
  readonly postsLast: boolean
}

export class Letters {
  readonly own: OwnMailbox
  readonly #options: LettersOptions
  readonly #posting: PostOptions
  readonly #givenUp = new AbortController()
  /** Those who are going to be looked at, with the timer. */
  readonly #timers = new Map<string, NodeJS.Timeout>()
  /** Those of them to whom a letter could not go a moment ago. */
  readonly #failed = new Set<string>()
  /** Those of whom it was told that what waits is too large for a letter. */
  readonly #tooLarge = new Set<string>()
  /** What letters need of others, for those of whom somebody wants to know that letters can go to them. */
  readonly #envelopes = new Map<string, { readonly envelope: Envelope; readonly gotAtMs: number }>()
  /** What is under way, one after the other: of two at once, each would seal the same events. */
  #turn: Promise<unknown> = Promise.resolve()
  readonly #round: NodeJS.Timeout

  constructor(options: LettersOptions) {
    this.#options = options
    // What is on its way to a mailbox as this is stopped gets there: another letter with the same would follow it.
    this.#posting = {
      ...options,
      signal: this.#givenUp.signal,
      messageLogFor: (name, identityKey) => this.#messageLogFor(name, identityKey),
    }
    this.own = new OwnMailbox({
      ...options,
      messageLogFor: this.#posting.messageLogFor,
      inTurn: (work) => this.#inTurn(work),
      onStored: () => {
        for (const name of options.store.unanswered()) this.consider(name)
      },
    })
    this.#round = setInterval(() => options.attempt(() => this.#lookThrough()), ANSWER_EVERY_MS)
    this.#round.unref()
  }

  /** The message log for a key; undefined while a conversation has its streams. */
  #messageLogFor(name: string, identityKey: Uint8Array): MessageLog | undefined {
    const streams = this.#options.streamsByKey.with(name, identityKey)
    if (streams.conversation !== undefined) return undefined
    streams.takeAppended()
    return streams.messageLog
  }

  /** Something may wait for somebody, or they may have gone: post it, if that is still so after a while. */
  consider(name: string, afterMs: number = this.#options.awayMs ?? AWAY_MS): void {
    const { signal, attempt, isOnline } = this.#options
    const isDue = () => !isOnline(name) && this.#isDue(name)
    if (signal.aborted || this.#timers.has(name) || !isDue()) return
    const timer = setTimeout(() => {
      this.#timers.delete(name)
      this.#failed.delete(name)
      if (isDue()) attempt(() => this.#inTurn(() => this.#post(name)))
    }, afterMs)
    this.#timers.set(name, timer)
  }

  /** Whether there is a reason for a letter to somebody now, if they are away. */
  #isDue(name: string): boolean {
    const { streamsByKey, profile } = this.#options
    const streams = streamsByKey.found(name, profile.state.pins.get(name)?.identityKey)
    if (streams === undefined || streams.conversation !== undefined) return false
    const { appended, posted } = streams.progress
    return appended > posted || streams.messageLog.isAnswerDue(ANSWER_EVERY_MS)
  }

  /**
   * Post what waits for somebody at once, whether they are away or not; or see that the next letter to them can go, where
   * nothing waits.
   *
   * @returns whether all of it has gone: not if the next message is too large for a letter.
   * @throws SottoError as {@link postLetters}.
   */
  async postNow(name: string): Promise<boolean> {
    return await this.#inTurn(async () => {
      const { streamsByKey, profile } = this.#options
      const streams = streamsByKey.found(name, profile.state.pins.get(name)?.identityKey)
      streams?.takeAppended()
      const { appended, posted } = streams?.progress ?? { appended: 0, posted: 0 }
      if (appended > posted) return await this.#postAll(name)
      const gotAtMs = this.#options.clock.local.monotonicMs()
      this.#envelopes.set(name, { envelope: await getEnvelope(name, this.#posting), gotAtMs })
      return true
    })
  }

  /** @returns whether all has gone that waited. @throws SottoError as {@link postLetters}. */
  async #postAll(name: string, signal = this.#posting.signal): Promise<boolean> {
    const { onProgress, onTooLarge, clock, streamsByKey, profile } = this.#options
    const streams = streamsByKey.found(name, profile.state.pins.get(name)?.identityKey)
    const { envelope, gotAtMs = 0 } = this.#envelopes.get(name) ?? {}
    this.#envelopes.delete(name)
    const isFresh = clock.local.monotonicMs() - gotAtMs < ENVELOPE_MS
    const { letters, isTooLarge } = await postLetters(name, {
      ...this.#posting,
      signal,
      isAnswer: streams?.messageLog.isAnswerDue(ANSWER_EVERY_MS) ?? false,
      ...(envelope !== undefined && isFresh && { envelope }),
    })
    if (letters > 0) onProgress(name)
    if (!isTooLarge) this.#tooLarge.delete(name)
    else if (!this.#tooLarge.has(name)) {
      this.#tooLarge.add(name)
      onTooLarge(name)
    }
    return !isTooLarge
  }

  async #post(name: string): Promise<void> {
    const { onRefused, signal } = this.#options
    try {
      // It waits for a conversation; another letter may take what comes then.
      if (!(await this.#postAll(name))) this.consider(name, ANSWER_EVERY_MS)
    } catch (error) {
      if (signal.aborted) return
      const failure = asSottoError(error)
      if (isSottoError(error) && (isPassing(error) || error.code === 'ERR_NO_MAILBOX')) {
        this.#failed.add(name)
        this.consider(name, failure.retryAfterMs ?? RETRY_MS)
      } else if (failure.code.startsWith('ERR_STORE')) throw error
      else onRefused(name, failure)
    }
  }

  /**
   * Tell those whose letters were collected that they are stored, whether they are away or not: for a profile that goes.
   * Where that fails they learn it later.
   *
   * @throws SottoError as {@link OwnMailbox.collect}.
   */
  async answer(): Promise<void> {
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(LAST_MS)])
    await this.#inTurn(() => this.#postTo(this.#options.store.unanswered(), signal))
  }

  /** Once in a while, for what nobody was told of: post anew what can no longer be opened, answer, collect, and make up prekeys. */
  async #lookThrough(): Promise<void> {
    await this.own.collect()
    await this.own.keepPrekeys()
    for (const name of this.#options.store.names()) this.consider(name)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Bring what is under way to its end, and post at once what was going to be later; the signal must be aborted before. */
  async stop(): Promise<void> {
    clearInterval(this.#round)
    this.own[Symbol.dispose]()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    const { postsLast, mailbox } = this.#options
    if (!postsLast) this.#givenUp.abort()
    const timer = setTimeout(() => this.#givenUp.abort(), LAST_MS)
    await this.#turn
    await this.#postLast()
    clearTimeout(timer)
    mailbox.close()
  }

  /** Nobody is here to talk with anybody any more. What cannot be posted waits for whoever runs with the profile next. */
  async #postLast(): Promise<void> {
    const { signal } = this.#givenUp
    if (signal.aborted) return
    try {
      const { store } = this.#options
      const names = new Set([...store.waiting().map(({ name }) => name), ...store.unanswered()])
      await this.#postTo(names.difference(this.#failed), signal)
    } catch (error) {
      // Such as of a damaged store, which may be what stops the messenger, and is reported by then.
      if (!isSottoError(error)) throw error
    }
  }

  /** Post what there is a reason for, whether those whom it is for are away or not. */
  async #postTo(names: Iterable<string>, signal: AbortSignal): Promise<void> {
    for (const name of names) {
      if (signal.aborted || !this.#isDue(name)) continue
      await this.#postAll(name, signal).catch((error: unknown) => throwUnlessPassing(error, signal))
    }
  }
}

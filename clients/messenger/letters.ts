/**
 * The letters of a messenger: what waits for people who are away is left at their mailboxes, and what lies in the own one is
 * collected (own-mailbox.ts).
 *
 * Whoever has been away for {@link AWAY_MS} with something waiting gets letters. Whoever wrote some, and is away again, gets
 * one that says that theirs are stored. What is due to several people at about the same time goes together.
 *
 * @module
 */
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { scheduleRef } from '#lib/runtime/schedule.ts'
import type { CollectOptions } from '../letters/collect-letters.ts'
import { DueTogether } from '../letters/due-together.ts'
import { LetterPoster, type LetterPosterOptions } from '../letters/letter-poster.ts'
import { ANSWER_EVERY_MS, LetterReasons } from '../letters/letter-reasons.ts'
import type { MailboxClient } from '../letters/mailbox.ts'
import { isPassing } from '../session/service-outage.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { Store } from '../store/store.ts'
import type { DurableStreams } from './durable-streams.ts'
import { OwnMailbox, throwUnlessPassing } from './own-mailbox.ts'
import type { StreamsByKey } from './streams-by-key.ts'

/** How long somebody is away before what waits is posted, in milliseconds: a restart or a moment without network is less. */
const AWAY_MS = 10_000

/** How often all is looked through, in milliseconds. */
const LOOK_EVERY_MS = ANSWER_EVERY_MS

/** How long what is posted last may keep a messenger from its end, in milliseconds. */
const LAST_MS = 3_000

/** How long after a failure it is tried again, in milliseconds, where it does not say when. */
const RETRY_MS = 60_000

export interface LettersOptions
  extends Omit<LetterPosterOptions, 'mailbox' | 'store' | 'messageLogFor' | 'isAnswerDue'>,
    Pick<CollectOptions, 'deliver' | 'onKeyChanged'> {
  readonly mailbox: MailboxClient
  readonly store: Store
  readonly streamsByKey: StreamsByKey
  /** Whether somebody is online, as far as is known. */
  readonly isOnline: (name: string) => boolean
  /** Do what nobody waits for, and whose failure ends the messenger. */
  readonly attempt: (work: () => unknown) => void
  /** Nothing can be written to somebody until the user does something about it. */
  readonly onRefused: (name: string, error: SottoError) => void
  /** How long somebody is away before what waits is posted, in milliseconds; {@link AWAY_MS} unless set. */
  readonly awayMs?: number
  /** Whether what waits is posted as this stops, and not left for who runs next. */
  readonly postsLast: boolean
}

export class Letters {
  readonly own: OwnMailbox
  readonly #options: LettersOptions
  readonly #poster: LetterPoster
  readonly #reasons: LetterReasons
  readonly #givenUp = new AbortController()
  /** Those who are going to be looked at. */
  readonly #considered: DueTogether
  /** Those for whose letters it is time, as soon as what is under way has ended. */
  readonly #due = new Set<string>()
  /** Those who are going to be looked at again, as a letter to them could not go a moment ago. */
  readonly #failed = new Set<string>()
  /** What is under way, one after the other: of two at once, each would seal the same events. */
  #turn: Promise<unknown> = Promise.resolve()
  readonly #round: NodeJS.Timeout

  constructor(options: LettersOptions) {
    this.#options = options
    const { profile } = options
    this.#reasons = new LetterReasons({ profile, streamsOf: (name) => this.#streamsOf(name) })
    const messageLogFor = (name: string, identityKey: Uint8Array) => this.#messageLogFor(name, identityKey)
    this.#poster = new LetterPoster({
      ...options,
      // What is on its way to a mailbox as this is stopped gets there: another letter with the same would follow it.
      signal: this.#givenUp.signal,
      messageLogFor,
      isAnswerDue: (name) => this.#reasons.isAnswerDue(name),
    })
    this.#considered = new DueTogether({
      monotonicMs: () => options.clock.local.monotonicMs(),
      schedule: scheduleRef,
      onDue: (names) => options.attempt(() => this.#postSoon(names)),
    })
    this.own = new OwnMailbox({
      ...options,
      messageLogFor,
      inTurn: (work) => this.#inTurn(work),
      onStored: () => {
        for (const name of options.store.unanswered()) this.consider(name)
      },
    })
    this.#round = setInterval(() => options.attempt(() => this.#lookThrough()), LOOK_EVERY_MS)
    this.#round.unref()
  }

  /** The message log for a key; undefined while a conversation has its streams. */
  #messageLogFor(name: string, identityKey: Uint8Array): MessageLog | undefined {
    const streams = this.#options.streamsByKey.with(name, identityKey)
    if (streams.conversation !== undefined) return undefined
    streams.takeAppended()
    return streams.messageLog
  }

  #streamsOf(name: string): DurableStreams | undefined {
    const { streamsByKey, profile } = this.#options
    return streamsByKey.found(name, profile.state.pins.get(name)?.identityKey)
  }

  /** Something may wait for somebody, or they may have gone: post it, if that is still so after a while. */
  consider(name: string, afterMs: number = this.#options.awayMs ?? AWAY_MS): void {
    // Whoever says this has done what they were asked for, and learns nothing of a store that fails now.
    this.#options.attempt(() => {
      if (this.#options.signal.aborted || this.#considered.has(name) || !this.#isDueAway(name)) return
      this.#considered.add(name, afterMs)
    })
  }

  async #postSoon(names: readonly string[]): Promise<void> {
    const isBegun = this.#due.size > 0
    for (const name of names) {
      this.#failed.delete(name)
      if (this.#isDueAway(name)) this.#due.add(name)
    }
    if (!isBegun && this.#due.size > 0) await this.#inTurn(() => this.#postDue())
  }

  /** Whether there is a reason for a letter to somebody who is away now. */
  #isDueAway(name: string): boolean {
    return !this.#options.isOnline(name) && this.#reasons.isDue(name)
  }

  /**
   * Post what waits for somebody at once, whether they are away or not; or see that the next letter to them can go, where
   * nothing waits.
   *
   * @returns whether all of it has gone: not if the next message is too large for a letter.
   * @throws SottoError as post-letters.ts says of them, and as it throws.
   */
  async postNow(name: string): Promise<boolean> {
    return await this.#inTurn(async () => {
      this.#streamsOf(name)?.takeAppended()
      if (this.#reasons.hasMore(name)) {
        const result = (await this.#poster.post([name])).get(name)
        if (isSottoError(result)) throw result
        return result === true
      }
      await this.#poster.prepare(name)
      return true
    })
  }

  async #postDue(): Promise<void> {
    const { onRefused, signal } = this.#options
    const names = [...this.#due]
    this.#due.clear()
    try {
      for (const [name, result] of await this.#poster.post(names)) {
        // It waits for a conversation; another letter may take what comes then.
        if (result === false) this.consider(name, ANSWER_EVERY_MS)
        if (!isSottoError(result) || signal.aborted) continue
        if (isPassing(result) || result.code === 'ERR_NO_MAILBOX') {
          this.#failed.add(name)
          this.consider(name, result.retryAfterMs ?? (this.#reasons.hasMore(name) ? RETRY_MS : ANSWER_EVERY_MS))
        } else onRefused(name, result)
      }
    } catch (error) {
      if (!signal.aborted) throw error
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
    await this.#inTurn(() => this.#postDueOf(this.#options.store.unanswered(), signal))
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
    this.#considered[Symbol.dispose]()
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
      await this.#postDueOf(names.difference(this.#failed), signal)
    } catch (error) {
      // Such as of a damaged store, which may be what stops the messenger, and is reported by then.
      if (!isSottoError(error)) throw error
    }
  }

  /** Post what there is a reason for, whether those whom it is for are away or not. What cannot go is tried again later. */
  async #postDueOf(names: Iterable<string>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    try {
      await this.#poster.post(
        [...names].filter((name) => this.#reasons.isDue(name)),
        signal,
      )
    } catch (error) {
      throwUnlessPassing(error, signal)
    }
  }
}

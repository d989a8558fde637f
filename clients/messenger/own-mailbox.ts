/**
 * The own mailbox of a messenger: what lies in it is taken in, and prekeys are put down for what comes.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { isSottoError } from '#lib/errors.ts'
import { schedule } from '#lib/runtime/schedule.ts'
import { type CollectOptions, collectLetters } from '../letters/collect-letters.ts'
import type { MailboxClient } from '../letters/mailbox.ts'
import { keepPrekeys } from '../letters/put-prekeys.ts'
import { Paced } from './paced.ts'

/** How long collecting may keep the messenger from going online, in milliseconds. */
const COLLECT_MS = 5_000

/** How often the own mailbox is looked into where letters are said to have come, in milliseconds. */
const LOOK_EVERY_MS = 1_000

export interface OwnMailboxOptions extends Omit<CollectOptions, 'onRefused' | 'mailbox'> {
  readonly mailbox: MailboxClient
  /** Do what nobody waits for, and whose failure ends the messenger. */
  readonly attempt: (work: () => unknown) => void
  /** Do it when what is under way with letters has ended. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
  /** Letters were stored, or may have been; the store knows whose. */
  readonly onStored: () => void
}

export class OwnMailbox implements Disposable {
  readonly #options: OwnMailboxOptions
  /** Whoever runs the relay, or writes many letters, does not decide how often it is looked into. */
  readonly #looks: Paced

  constructor(options: OwnMailboxOptions) {
    this.#options = options
    this.#looks = new Paced({
      everyMs: LOOK_EVERY_MS,
      monotonicMs: () => options.clock.local.monotonicMs(),
      schedule,
      work: () => options.attempt(() => this.#look()),
    })
  }

  /**
   * Take in what lies in the own mailbox, for so long at most as nobody minds before going online.
   *
   * @returns how many letters are deleted there.
   * @throws SottoError `ERR_STORE`, `ERR_STORE_DAMAGED`. What else fails is tried again later.
   */
  async collect(): Promise<number> {
    return await this.#options.inTurn(() => this.#collect())
  }

  /** Letters may have come: take them in, at most once in {@link LOOK_EVERY_MS}. */
  noteMail(): void {
    this.#looks.ask()
  }

  /** Take in what has come, and make up for the prekeys that it took. */
  async #look(): Promise<void> {
    if ((await this.collect()) > 0) await this.keepPrekeys()
  }

  async #collect(): Promise<number> {
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(COLLECT_MS)])
    try {
      const onRefused = () => {}
      return await collectLetters({ ...this.#options, onRefused, signal })
    } catch (error) {
      throwUnlessPassing(error, signal)
      return 0
    } finally {
      this.#options.onStored()
    }
  }

  /** See that others find prekeys of this profile's. @throws as {@link collect}. */
  async keepPrekeys(): Promise<void> {
    await this.#options.inTurn(() => this.#keepPrekeys())
  }

  async #keepPrekeys(): Promise<void> {
    const { profile, clock, signal } = this.#options
    const { sessionId } = profile.login.session
    const nowMs = clock.local.now().getTime()
    try {
      await keepPrekeys({ ...this.#options, sessionId, nowMs, random: randomBytes })
    } catch (error) {
      throwUnlessPassing(error, signal)
    }
  }

  [Symbol.dispose](): void {
    this.#looks[Symbol.dispose]()
  }
}

/**
 * Throw what makes it useless to go on with letters: a fault of our own, or of the store. The rest is tried again later.
 *
 * @param signal - Of what has failed; once it is aborted, nothing of it matters.
 */
export function throwUnlessPassing(error: unknown, signal: AbortSignal): void {
  if (signal.aborted) return
  if (!isSottoError(error) || error.code.startsWith('ERR_STORE')) throw error
}

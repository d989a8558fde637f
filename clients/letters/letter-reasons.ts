/**
 * The reasons for a letter to somebody, by what is in the store: something waits for them, or they do not know yet that theirs
 * is stored.
 *
 * @module
 */
import { writeRefusal } from '#lib/trust/permission.ts'
import { policyOf } from '../profile/permission.ts'
import type { Profile } from '../profile/profile.ts'
import type { LetterLog } from '../store/log/letter-log.ts'
import type { Progress } from '../store/log/progress.ts'

/** How often letters may say nothing but that others are stored, in milliseconds. */
export const ANSWER_EVERY_MS = 3_600_000

export interface LetterReasonsOptions {
  readonly profile: Profile
  /** The streams with the key that is pinned now, if the store has anything of somebody. */
  readonly streamsOf: (name: string) => CarriedStreams | undefined
}

/** Streams, and the conversation that carries them, if one does. */
interface CarriedStreams {
  readonly conversation: object | undefined
  readonly messageLog: { readonly letters: Pick<LetterLog, 'isAnswerDue'> }
  readonly progress: Progress
}

export class LetterReasons {
  readonly #options: LetterReasonsOptions

  constructor(options: LetterReasonsOptions) {
    this.#options = options
  }

  /** Whether there is one now, if they are away: not while a conversation is open. */
  isDue(name: string): boolean {
    const streams = this.#options.streamsOf(name)
    if (streams === undefined || streams.conversation !== undefined) return false
    return this.hasMore(name) || this.isAnswerDue(name)
  }

  /** Whether something waits for somebody that was not posted. */
  hasMore(name: string): boolean {
    const { appended, posted } = this.#options.streamsOf(name)?.progress ?? { appended: 0, posted: 0 }
    return appended > posted
  }

  /**
   * Whether somebody is to be told that theirs are stored, at most once in {@link ANSWER_EVERY_MS}. Who may not be written to
   * is not, and the user hears nothing of it.
   */
  isAnswerDue(name: string): boolean {
    if (writeRefusal(policyOf(this.#options.profile.state, name)) !== undefined) return false
    return this.#options.streamsOf(name)?.messageLog.letters.isAnswerDue(ANSWER_EVERY_MS) ?? false
  }
}

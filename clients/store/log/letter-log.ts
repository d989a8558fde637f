/**
 * The letters of a message log: what of it is written next, and how far it was posted.
 *
 * @module
 */
import type { StreamPair } from '#lib/delivery/stream-pair.ts'
import { type LeftToPost, leftBehind, type NextLetter, writeLetter } from '#lib/letter/letter-streams.ts'
import type { PostedMark } from '../rows/contact-state.ts'
import type { KeyRow } from './key-row.ts'
import { postedThrough, withPosted } from './posted.ts'

export interface LetterLogOptions {
  readonly row: KeyRow
  /** Gives the streams, which are loaded if they are not. */
  readonly streams: () => StreamPair
  /** Puts down how far the outgoing stream has come. */
  readonly save: (said?: 'exactly') => void
  /** This machine's clock, Unix time in milliseconds. */
  readonly nowMs: () => number
}

export class LetterLog {
  readonly #options: LetterLogOptions

  constructor(options: LetterLogOptions) {
    this.#options = options
  }

  /**
   * The next letter for the other side, with what of it was said put down already.
   *
   * @param sessionId - The session of theirs that it is to be sealed for.
   */
  next(sessionId: Uint8Array): NextLetter {
    const streams = this.#options.streams()
    const letter = writeLetter(streams, this.#postedFor(sessionId))
    streams.outgoing.markSaid(letter.through)
    this.#options.save('exactly')
    return letter
  }

  /** What waits behind all that was posted for a session: more letters, nothing, or what has no room in a letter. */
  left(sessionId: Uint8Array): LeftToPost {
    return leftBehind(this.#options.streams(), this.#postedFor(sessionId))
  }

  /** The number up to which events need no letter for this session: they were posted, or are acknowledged. */
  #postedFor(sessionId: Uint8Array): bigint {
    const { row, streams, save, nowMs } = this.#options
    const { acknowledged } = streams().outgoing
    // What is on the disk may be of the stream before.
    save()
    const { outgoing } = row.state()
    const posted = BigInt(postedThrough(outgoing, nowMs(), sessionId) - outgoing.base)
    return posted < acknowledged ? acknowledged : posted
  }

  /** Note that a letter was posted, and that it said how far the other side's stream is stored. */
  markPosted({ through }: NextLetter, letter: Pick<PostedMark, 'sessionId' | 'untilMs'>): void {
    const { row, nowMs } = this.#options
    row.note((key) => {
      const { streamId, base } = key.outgoing
      const mark = { ...letter, streamId, through: base + Number(through) }
      const outgoing = withPosted(key.outgoing, mark, nowMs())
      return { ...key, outgoing, answeredAtMs: nowMs(), isUnanswered: undefined }
    })
  }

  /**
   * Note whether the other side is to be told how far their stream is stored: a letter came that brought nothing new, or a
   * conversation has told them. Where a letter brings something, {@link MessageLog.store} notes it.
   */
  markUnanswered(isUnanswered: boolean): void {
    const { row } = this.#options
    const key = row.known()
    if (key === undefined || key.isUnanswered === (isUnanswered || undefined)) return
    row.note((state) => ({ ...state, isUnanswered: isUnanswered || undefined }))
  }

  /**
   * Whether a letter is due for nothing but to say how far the other side's stream is stored.
   *
   * @param everyMs - How long after the last letter, which said it too, in milliseconds.
   */
  isAnswerDue(everyMs: number): boolean {
    const { row, nowMs } = this.#options
    const { isUnanswered = false, answeredAtMs } = row.state()
    return isUnanswered && (answeredAtMs === undefined || nowMs() - answeredAtMs >= everyMs)
  }
}

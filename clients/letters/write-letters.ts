/**
 * The letters of several message logs, written and marked in one step each: what is to be on the disk before they are posted,
 * and what is put down when they are, costs one commit for all.
 *
 * @module
 */
import { isSottoError, type SottoError } from '#lib/errors.ts'
import type { NextLetter } from '#lib/letter/letter-streams.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { Store } from '../store/store.ts'

/** A letter that is to be written: for a session of the log's contact. */
export interface LetterToWrite {
  /** No two letters that are written together have the same; no conversation may have its streams. */
  readonly messageLog: MessageLog
  /** 16 bytes. */
  readonly sessionId: Uint8Array
}

/** A letter that was posted. */
export interface LetterToMark extends LetterToWrite {
  readonly letter: NextLetter
  /** Until then it can be opened: Unix time in milliseconds, by this machine's clock. */
  readonly untilMs: number
}

/**
 * Write the next letter of each log, with what of it is said put down already.
 *
 * @returns in their order each, or why there is none: `ERR_STREAM_RENEWED` of a contact that was forgotten meanwhile.
 * @throws SottoError `ERR_STORE`, `ERR_STORE_DAMAGED`: then none may be posted.
 */
export function writeLetters(
  store: Pick<Store, 'storeTogether'>,
  letters: readonly LetterToWrite[],
): (NextLetter | SottoError)[] {
  // Loaded before: where the step fails, memory must not hold what it has read in it.
  const ready = letters.map(({ messageLog }) => unlessOfStore(() => messageLog.streams))
  return store.storeTogether(
    () =>
      letters.map(({ messageLog, sessionId }, index) => {
        const failure = ready[index]
        return isSottoError(failure) ? failure : unlessOfStore(() => messageLog.letters.next(sessionId))
      }),
    'process',
  )
}

/**
 * Note that letters were posted.
 *
 * @returns in their order why one could not be noted, as {@link writeLetters}.
 * @throws SottoError `ERR_STORE`, `ERR_STORE_DAMAGED`: then none is noted, and they are posted again.
 */
export function markLetters(
  store: Pick<Store, 'storeTogether'>,
  posted: readonly LetterToMark[],
): (SottoError | undefined)[] {
  return store.storeTogether(
    () =>
      posted.map(({ messageLog, letter, sessionId, untilMs }) => {
        return unlessOfStore(() => {
          messageLog.letters.markPosted(letter, { sessionId, untilMs })
          return undefined
        })
      }),
    'process',
  )
}

/** What some work gives, or what is wrong with its contact. @throws what is wrong with the store, and so with all. */
function unlessOfStore<T>(work: () => T): T | SottoError {
  try {
    return work()
  } catch (error) {
    if (!isSottoError(error) || error.code.startsWith('ERR_STORE')) throw error
    return error
  }
}

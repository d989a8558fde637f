/**
 * Letters to people who are away: what waits for them, sealed and left at their mailboxes (docs/protocol.md, section 13.7). What
 * is posted to several goes together, a letter to each at a time.
 *
 * @module
 */
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { MAX_LETTERS_TOGETHER } from '#lib/protocol.ts'
import { type Addressee, type PostOptions, PostRound } from './post-round.ts'

/** The most letters to one receiver in one go: as many as its mailbox takes of one sender. */
const MAX_LETTERS = 64

/** What was posted to somebody. */
export interface Posted {
  readonly letters: number
  /** Whether some of what waits has no room in a letter, so that all behind it waits for a conversation. */
  readonly isTooLarge: boolean
}

/**
 * Post what waits for people and was not posted yet. What is wrong with one of them holds up nobody else.
 *
 * @param addressees - Each once.
 * @returns by name what was posted, or why no more of it was: `ERR_KEY_CHANGED`, `ERR_BLOCKED`, `ERR_KEY_MISMATCH`;
 *   `ERR_NO_MAILBOX`, `ERR_NO_SUCH_USER` where nothing can be left for them; `ERR_BUSY` where there is no room;
 *   `ERR_UNAVAILABLE` and the like. What was posted before stays so.
 * @throws SottoError `ERR_STORE`, `ERR_STORE_DAMAGED`.
 */
export async function postLetters(
  addressees: readonly Addressee[],
  options: PostOptions,
): Promise<ReadonlyMap<string, Posted | SottoError>> {
  const results = new Map<string, Posted | SottoError>()
  const posted = new Map<string, number>()
  for (let waiting = addressees; waiting.length > 0; ) {
    const together = waiting.slice(0, MAX_LETTERS_TOGETHER)
    const again: Addressee[] = []
    for (const [name, outcome] of await new PostRound(options).post(together)) {
      if (isSottoError(outcome)) {
        results.set(name, outcome)
        continue
      }
      const letters = (posted.get(name) ?? 0) + (outcome.isPosted ? 1 : 0)
      posted.set(name, letters)
      if (outcome.left === 'more' && letters < MAX_LETTERS) again.push({ name })
      else results.set(name, { letters, isTooLarge: outcome.left === 'too large' })
    }
    waiting = [...waiting.slice(MAX_LETTERS_TOGETHER), ...again]
  }
  return results
}

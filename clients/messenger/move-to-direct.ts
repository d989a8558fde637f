/**
 * A conversation that goes through the relay, moved to a direct one as soon as that is possible: either side tries the
 * other's endpoints now and then. The newer conversation takes the place of the older, which goes on until then.
 *
 * It may become possible at any time: the first try was slow, somebody is somewhere else, a router was told to pass a port
 * on. And where one of two can be reached and the other cannot, it depends on who calls: the one who was called may do
 * better at once.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import type { Conversation } from '../peer/conversation.ts'
import { Backoff, type BackoffOptions } from '../session/backoff.ts'

/** The waits of the opener, who has just tried, and of the one who was called and has not. */
const OPENER_BACKOFF: BackoffOptions = { firstMs: 30_000, longestMs: 15 * 60_000 }
const CALLED_BACKOFF: BackoffOptions = { firstMs: 4_000, longestMs: 15 * 60_000 }

export interface MoveOptions {
  /** The conversation through the relay. */
  readonly from: Pick<Conversation, 'ended' | 'isOpener'>
  /** Whether the user would have it go directly. */
  readonly isWanted: () => boolean
  /** Open a direct conversation in its place. @returns false where that fails. */
  readonly open: (signal: AbortSignal) => Promise<boolean>
  readonly signal: AbortSignal
  /** When to try, where it is not for the side to say. */
  readonly backoff?: BackoffOptions
}

/** Try until it is moved, or over. It never rejects. */
export async function moveToDirect({ from, isWanted, open, signal, ...given }: MoveOptions): Promise<void> {
  const ended = new AbortController()
  void from.ended.then(() => ended.abort())
  const over = AbortSignal.any([signal, ended.signal])
  const backoff = new Backoff(given.backoff ?? (from.isOpener ? OPENER_BACKOFF : CALLED_BACKOFF))
  while (!over.aborted) {
    await setTimeout(backoff.nextMs(), undefined, { signal: over, ref: false }).catch(() => undefined)
    if (!over.aborted && isWanted() && (await open(over))) return
  }
}

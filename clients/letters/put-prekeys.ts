/**
 * The own prekeys at the mailbox: made, put down, and made anew when few are left (docs/protocol.md, section 13.3).
 *
 * @module
 */
import type { RandomBytes } from '#lib/channel/hello.ts'
import { drawPrekey, type NewPrekey } from '#lib/letter/prekey.ts'
import { isSame } from '#lib/same-bytes.ts'
import {
  afterHeld,
  type HeldIds,
  heldIdsOf,
  type LetterState,
  type OwnPrekey,
  unknownIds,
} from '../store/rows/letter-state.ts'
import type { Store } from '../store/store.ts'
import type { MailboxClient } from './mailbox.ts'

/** How many prekeys lie there when all is well, and below how many they are made up. */
const FULL = 100
const FEW = 20

/** How many go in one call. */
const PUT_TOGETHER = 32

/**
 * How many private halves are kept at most: most of them wait for letters that may come yet. A mailbox that says again and
 * again that it has none would have more made without end.
 */
export const MAX_OWN = 2_000

/** How many more there may be of last resort: without one of its own a new session has no mailbox. */
const ROOM_FOR_SESSIONS = 64

/** How old the prekey of last resort gets, in milliseconds: a week. */
const LAST_RESORT_MS = 7 * 24 * 3_600_000

export interface PrekeyOptions {
  readonly mailbox: Pick<MailboxClient, 'putPrekeys'>
  readonly store: Pick<Store, 'letterState' | 'changeLetterState'>
  /** The session that prekeys are put down under, 16 bytes. */
  readonly sessionId: Uint8Array
  /** This machine's clock, Unix time in milliseconds. */
  readonly nowMs: number
  readonly random: RandomBytes
  readonly signal: AbortSignal
}

/**
 * See that there are prekeys of the profile's at the mailbox, and none that it cannot use.
 *
 * @throws SottoError what the calls give, `ERR_STORE`.
 */
export async function keepPrekeys(options: PrekeyOptions): Promise<void> {
  const { mailbox, store, sessionId, nowMs, random, signal } = options
  const held = await mailbox.putPrekeys({ prekeys: [], lastResort: undefined, withdrawnIds: [] }, signal)
  const state = store.letterState()
  const withdrawnIds = unknownIds(state, held)
  const isKnown = held.prekeyIds.length - withdrawnIds.length
  const room = MAX_OWN - state.prekeys.length
  const count = isKnown < FEW ? Math.max(0, Math.min(FULL - Math.max(0, isKnown), room)) : 0
  const drawn = Array.from({ length: count }, () => drawPrekey(random))
  // A new one each week; where there is none of the profile's own; and for a new session, which others then seal for.
  const isFirstOfSession = !isSame(state.sessionId, sessionId)
  const isDue = isFirstOfSession ? room > -ROOM_FOR_SESSIONS : room > 0 && !hasFreshLastResort(state, held, nowMs)
  const lastResort = isDue ? drawPrekey(random) : undefined
  if (withdrawnIds.length === 0 && count === 0 && lastResort === undefined) {
    store.changeLetterState((before) => afterHeld(before, held, nowMs))
    return
  }
  // On the disk first: nobody may seal a letter that cannot be opened.
  const own = [...drawn.map((each) => ownOf(each, false)), ...(lastResort ? [ownOf(lastResort, true)] : [])]
  store.changeLetterState((before) => ({ ...before, prekeys: [...before.prekeys, ...own] }))
  let there = await mailbox.putPrekeys({ prekeys: [], lastResort: lastResort?.prekey, withdrawnIds }, signal)
  for (let first = 0; first < drawn.length; first += PUT_TOGETHER) {
    const prekeys = drawn.slice(first, first + PUT_TOGETHER).map(({ prekey }) => prekey)
    there = await mailbox.putPrekeys({ prekeys, lastResort: undefined, withdrawnIds: [] }, signal)
  }
  store.changeLetterState((before) => ({ ...afterHeld(before, there, nowMs), sessionId }))

  function ownOf({ prekey, secret }: NewPrekey, isLastResort: boolean): OwnPrekey {
    return { prekeyId: prekey.prekeyId, secret, isLastResort, drawnAtMs: nowMs, missingSinceMs: undefined }
  }
}

/**
 * See that there are no prekeys of the account's at the mailbox: nobody can leave a letter then.
 *
 * @throws SottoError as {@link keepPrekeys}.
 */
export async function withdrawPrekeys({
  mailbox,
  store,
  nowMs,
  signal,
}: Omit<PrekeyOptions, 'sessionId' | 'random'>): Promise<void> {
  const none = { prekeys: [], lastResort: undefined }
  const held = await mailbox.putPrekeys({ ...none, withdrawnIds: [] }, signal)
  const left = await mailbox.putPrekeys({ ...none, withdrawnIds: heldIdsOf(held) }, signal)
  store.changeLetterState((before) => afterHeld(before, left, nowMs))
}

/** Whether the mailbox has one of the profile's own that is of this week. */
function hasFreshLastResort(state: LetterState, { lastResortId }: HeldIds, nowMs: number): boolean {
  const present = state.prekeys.find(({ prekeyId }) => isSame(prekeyId, lastResortId))
  return present !== undefined && nowMs - present.drawnAtMs < LAST_RESORT_MS
}

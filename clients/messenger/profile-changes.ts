/**
 * The effects of a change of the profile on open conversations, whichever process has made it.
 *
 * @module
 */
import { isSame } from '#lib/same-bytes.ts'
import { mayConverse } from '../profile/permission.ts'
import type { Profile } from '../profile/profile.ts'
import type { Pin, ProfileState } from '../profile/state.ts'
import { watchProfile } from '../profile/watch.ts'

export interface ProfileChanges {
  /** The user has changed whether others may know what was read. */
  readonly onReceipts: () => void
  /** No conversation may be held with somebody any more: blocked, or found to have another safety number. */
  readonly onStopped: (name: string) => void
  /** A conversation with somebody may be held again. */
  readonly onAllowed: (name: string) => void
  /** Somebody's first key here was pinned, which is this. */
  readonly onPinned: (name: string, identityKey: Uint8Array) => void
  /** The pinned key was proven, about which there was a doubt. */
  readonly onDoubtWithdrawn: (name: string, before: Pin) => void
  /** The user has taken another key for theirs, which is this. */
  readonly onKeyReplaced: (name: string, identityKey: Uint8Array) => void
}

/** Report each change. @returns ends it. */
export function followProfile(profile: Profile, changes: ProfileChanges): () => void {
  return watchProfile(profile, (before, after) => {
    if (after.receipts !== before.receipts) changes.onReceipts()
    const stoppedBefore = stoppedIn(before)
    const stoppedAfter = stoppedIn(after)
    for (const name of stoppedAfter.difference(stoppedBefore)) changes.onStopped(name)
    for (const name of stoppedBefore.difference(stoppedAfter)) changes.onAllowed(name)
    for (const [name, pin] of after.pins) reportKey(name, before.pins.get(name), pin, changes)
  })
}

function stoppedIn(state: ProfileState): Set<string> {
  return new Set([...state.blocked, ...state.pins.keys()].filter((name) => !mayConverse(state, name)))
}

function reportKey(
  name: string,
  before: Pin | undefined,
  after: Pin,
  { onPinned, onKeyReplaced, onDoubtWithdrawn }: ProfileChanges,
): void {
  const { identityKey, changedTo } = after
  if (before !== undefined && !isSame(before.identityKey, identityKey)) onKeyReplaced(name, identityKey)
  else if (changedTo === undefined && before?.changedTo !== undefined) onDoubtWithdrawn(name, before)
  else if (before === undefined) onPinned(name, identityKey)
}

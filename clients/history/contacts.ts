/**
 * Everybody that a profile knows: by their key, by a block, or by what was sent and received.
 *
 * @module
 */

import { type PinState, stateOf } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { NOTHING_UNDELIVERED, type Undelivered } from '../store/reading/undelivered.ts'
import { openKept } from './kept-history.ts'

export interface Contact extends Undelivered {
  readonly name: string
  /** `new` where no key of theirs is known yet. */
  readonly state: PinState | 'new'
  /** The time at which their key was verified, or else pinned. */
  readonly since: Date | undefined
  /** Whether their key is known from letters alone, until a conversation proves it or the user verifies it. */
  readonly provisional: boolean
  readonly blocked: boolean
}

/** All of them, by name. Of a store that is damaged counts what can be read. @throws SottoError `ERR_STORE`. */
export function contactsOf(profile: Profile): Contact[] {
  const { pins, blocked } = profile.state
  return listed(profile, (kept) => new Set([...pins.keys(), ...blocked, ...kept]))
}

/** The contact with this name, even if nothing is known of them. @throws SottoError `ERR_STORE`. */
export function contactOf(profile: Profile, name: string): Contact {
  const [contact] = listed(profile, () => new Set([name]))
  return contact as Contact
}

function listed(profile: Profile, select: (kept: readonly string[]) => ReadonlySet<string>): Contact[] {
  const { pins, blocked } = profile.state
  const kept = openKept(profile)?.store
  try {
    const names = select(kept?.names() ?? [])
    return [...names].sort().map((name) => {
      const pin = pins.get(name)
      return {
        name,
        state: pin === undefined ? 'new' : stateOf(pin),
        since: pin && new Date(pin.verifiedAtMs ?? pin.pinnedAtMs),
        provisional: pin?.isProvisional === true,
        blocked: blocked.has(name),
        ...(kept?.undelivered(name, pin?.identityKey) ?? NOTHING_UNDELIVERED),
      }
    })
  } finally {
    kept?.close()
  }
}

/**
 * Trust on first use: the identity key that a name had at the first completed handshake is the one it must have from
 * then on. Another one stops sending and showing until the user trusts or verifies it.
 *
 *     new ──first handshake──▶ pinned ──verify──▶ verified
 *                                │ another key is seen │
 *                                └──────▶ changed ◀────┘ ──trust──▶ pinned, or ──verify──▶ verified
 *
 * @module
 */

import { SottoError } from '#lib/errors.ts'
import { isSame } from '#lib/same-bytes.ts'
import { isBlockedHere, keyChanged } from '#lib/trust/permission.ts'
import type { Profile } from './profile.ts'
import type { Pin, ProfileState } from './state.ts'

/** How a key that is seen under a name stands to the pinned one. */
export type PinVerdict = 'new' | 'pinned' | 'changed'

/** What is known of a contact's key. */
export type PinState = 'pinned' | 'verified' | 'changed'

export function stateOf({ verifiedAtMs, changedTo }: Pin): PinState {
  if (changedTo !== undefined) return 'changed'
  return verifiedAtMs === undefined ? 'pinned' : 'verified'
}

/** Compare a key that is seen under a name with what is pinned, as the profile is now. */
export async function checkPin(profile: Profile, name: string, identityKey: Uint8Array): Promise<PinVerdict> {
  return verdictOn(await profile.refresh(), name, identityKey)
}

function verdictOn({ pins }: ProfileState, name: string, identityKey: Uint8Array): PinVerdict {
  const pin = pins.get(name)
  if (pin === undefined) return 'new'
  return isSame(pin.identityKey, identityKey) ? 'pinned' : 'changed'
}

/**
 * Pin a name's key after a completed handshake, unless it is pinned.
 *
 * @returns whether it was pinned just now.
 * @throws SottoError `ERR_KEY_CHANGED` if another process has meanwhile pinned another key; `ERR_BLOCKED` if the user has
 *   meanwhile blocked the name: the other side decides how long a handshake takes.
 */
export async function pin(profile: Profile, name: string, identityKey: Uint8Array, now: Date): Promise<boolean> {
  let verdict: PinVerdict = 'new'
  await profile.update((state) => {
    if (state.blocked.has(name)) throw isBlockedHere(name)
    verdict = verdictOn(state, name, identityKey)
    if (verdict === 'changed') throw keyChanged(name)
    return verdict === 'pinned' ? state : withPin(state, name, pinOf(identityKey, now))
  })
  return verdict === 'new'
}

/**
 * Stop where a name has another key than the pinned one, and remember that key.
 *
 * @throws SottoError `ERR_KEY_CHANGED`.
 */
export async function refuseChangedKey(profile: Profile, name: string, identityKey: Uint8Array): Promise<void> {
  if ((await checkPin(profile, name, identityKey)) !== 'changed') return
  await noteChangedKey(profile, name, identityKey)
  throw keyChanged(name)
}

/** Remember a changed key, for {@link trust} to accept. What is pinned stays. */
export async function noteChangedKey(profile: Profile, name: string, identityKey: Uint8Array): Promise<void> {
  await profile.update((state) => {
    const known = state.pins.get(name)
    if (known === undefined || isSame(known.identityKey, identityKey)) return state
    if (known.changedTo !== undefined && isSame(known.changedTo, identityKey)) return state
    return withPin(state, name, { ...known, changedTo: Uint8Array.from(identityKey) })
  })
}

/**
 * Take the changed key of a contact for theirs from now on.
 *
 * @returns false if the contact's key has not changed.
 * @throws SottoError `ERR_USAGE` if no key of this name is known: the first conversation pins it.
 */
export async function trust(profile: Profile, name: string, now: Date): Promise<boolean> {
  let hasChanged = false
  await profile.update((state) => {
    const known = state.pins.get(name)
    if (known === undefined) throw noKey(name)
    hasChanged = known.changedTo !== undefined
    return known.changedTo === undefined ? state : withPin(state, name, pinOf(known.changedTo, now))
  })
  return hasChanged
}

/**
 * Take a key of a contact for theirs because the user has compared safety numbers.
 *
 * @param identityKey - The key whose safety number was shown. Whatever was seen since is not it.
 * @throws SottoError `ERR_USAGE` if no key of this name is known, or another was seen meanwhile.
 */
export async function verify(profile: Profile, name: string, identityKey: Uint8Array, now: Date): Promise<void> {
  await profile.update((state) => {
    if (!isSame(keyToCompare(state, name), identityKey)) {
      throw new SottoError('ERR_USAGE', `the key of ${name} has changed again meanwhile`, {
        hint: `compare once more: sotto verify ${name}`,
      })
    }
    return withPin(state, name, { ...pinOf(identityKey, now), verifiedAtMs: now.getTime() })
  })
}

/** The key whose safety number the user is to compare: the one that was seen last. @throws SottoError `ERR_USAGE`. */
export function keyToCompare({ pins }: ProfileState, name: string): Uint8Array {
  const known = pins.get(name)
  if (known === undefined) throw noKey(name)
  return known.changedTo ?? known.identityKey
}

/** Let nobody of this name in, and write to them no more; or let them again. */
export async function setBlocked(profile: Profile, name: string, isBlocked: boolean): Promise<void> {
  await profile.update((state) => {
    const others = [...state.blocked].filter((each) => each !== name)
    return { ...state, blocked: new Set(isBlocked ? [...others, name] : others) }
  })
}

function noKey(name: string): SottoError {
  return new SottoError('ERR_USAGE', `no key of ${name} is known yet`, {
    hint: 'the first conversation with them pins it',
  })
}

function pinOf(identityKey: Uint8Array, now: Date): Pin {
  return {
    identityKey: Uint8Array.from(identityKey),
    pinnedAtMs: now.getTime(),
    verifiedAtMs: undefined,
    changedTo: undefined,
  }
}

function withPin(state: ProfileState, name: string, pin: Pin): ProfileState {
  return { ...state, pins: new Map(state.pins).set(name, pin) }
}

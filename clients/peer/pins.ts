/**
 * Trust on first use: the identity key that a name had at the first completed handshake is the one it must have from
 * then on. Another one stops sending and showing until the user trusts it.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Profile } from './profile.ts'
import type { Pin, ProfileState } from './profile-state.ts'

/** How a key that is seen under a name stands to the pinned one. */
export type PinVerdict = 'new' | 'pinned' | 'changed'

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
 * @throws SottoError `ERR_KEY_CHANGED` if another process has meanwhile pinned another key.
 */
export async function pin(profile: Profile, name: string, identityKey: Uint8Array, now: Date): Promise<boolean> {
  let verdict: PinVerdict = 'new'
  await profile.update((state) => {
    verdict = verdictOn(state, name, identityKey)
    if (verdict === 'changed') throw keyChanged(name)
    return verdict === 'pinned' ? state : withPin(state, name, pinOf(identityKey, now))
  })
  return verdict === 'new'
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
    if (known === undefined) {
      throw new SottoError('ERR_USAGE', `no key of ${name} is known yet`, {
        hint: 'there is nothing to trust before the first conversation',
      })
    }
    hasChanged = known.changedTo !== undefined
    return known.changedTo === undefined ? state : withPin(state, name, pinOf(known.changedTo, now))
  })
  return hasChanged
}

/** What a changed key is reported as. */
export function keyChanged(name: string): SottoError {
  return new SottoError('ERR_KEY_CHANGED', `the identity key of ${name} is not the one that was pinned`, {
    hint: `ask ${name}, by another way, whether it is a new machine; if so: sotto trust ${name}`,
  })
}

function pinOf(identityKey: Uint8Array, now: Date): Pin {
  return { identityKey: Uint8Array.from(identityKey), pinnedAtMs: now.getTime(), changedTo: undefined }
}

function withPin(state: ProfileState, name: string, pin: Pin): ProfileState {
  return { ...state, pins: new Map(state.pins).set(name, pin) }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

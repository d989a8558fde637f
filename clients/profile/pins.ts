/**
 * Trust on first use: the identity key that a name had at the first completed handshake is the one it must have from
 * then on. Another one is a doubt: it stops sending and showing until the user trusts or verifies it, or until a handshake
 * with the pinned key is completed. That two have compared safety numbers which do not agree stops all, until they agree
 * or the user trusts the key without.
 *
 *     new ──first handshake──▶ pinned ──verify──▶ verified
 *     pinned, verified ──another key is seen──▶ changed ──a handshake with the pinned key──▶ what it was
 *     changed ──trust──▶ pinned, or ──verify the new key──▶ verified
 *     any of these ──the numbers do not agree──▶ mismatch ──trust──▶ pinned, or ──verify──▶ verified
 *
 * @module
 */

import { isSottoError, SottoError } from '#lib/errors.ts'
import { isSame } from '#lib/same-bytes.ts'
import { conversationRefusal, keyChanged } from '#lib/trust/permission.ts'
import { policyOf } from './permission.ts'
import type { Profile } from './profile.ts'
import type { Pin, ProfileState } from './state.ts'

/** The relation of a key that is seen under a name to the pinned one. */
export type PinVerdict = 'new' | 'pinned' | 'changed'

/** The state of a contact's key. */
export type PinState = 'pinned' | 'verified' | 'changed' | 'mismatch'

export function stateOf({ verifiedAtMs, changedTo, mismatchAtMs }: Pin): PinState {
  if (mismatchAtMs !== undefined) return 'mismatch'
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
 * Pin a name's key after a completed handshake, unless it is pinned. If it is, that withdraws a doubt about it: whoever
 * said another, its holder is there.
 *
 * @returns whether it was pinned just now.
 * @throws SottoError `ERR_KEY_CHANGED` if another process has meanwhile pinned another key; `ERR_BLOCKED`,
 *   `ERR_KEY_MISMATCH` if the user has meanwhile decided so: the other side decides how long a handshake takes.
 */
export async function pin(profile: Profile, name: string, identityKey: Uint8Array, now: Date): Promise<boolean> {
  let verdict: PinVerdict = 'new'
  const pinned = (state: ProfileState): ProfileState => {
    const refusal = conversationRefusal(policyOf(state, name))
    if (refusal !== undefined) throw refusal
    verdict = verdictOn(state, name, identityKey)
    if (verdict === 'changed') throw keyChanged(name)
    const known = state.pins.get(name)
    if (known === undefined) return withPin(state, name, pinOf(identityKey, now))
    if (known.changedTo === undefined && !known.isProvisional) return state
    const { isProvisional: _, ...proven } = known
    return withPin(state, name, { ...proven, changedTo: undefined, changedAtMs: undefined })
  }
  // As a rule there is nothing to change, and no lock to take.
  const state = await profile.refresh()
  if (pinned(state) !== state) await profile.update(pinned)
  return verdict === 'new'
}

/**
 * Pin a name's key because a letter goes to it, or came from it, unless one is pinned: provisionally, for a letter proves
 * less than a handshake, and withdraws no doubt.
 *
 * @returns whether it was pinned just now.
 * @throws SottoError as {@link pin}.
 */
export async function pinByLetter(
  profile: Profile,
  name: string,
  identityKey: Uint8Array,
  now: Date,
): Promise<boolean> {
  const pinned = (await pinAllByLetter(profile, new Map([[name, identityKey]]), now)).get(name)
  if (isSottoError(pinned)) throw pinned
  return pinned === true
}

/**
 * Pin the keys of several names as {@link pinByLetter} does, in one step.
 *
 * @returns by name whether it was pinned just now, or why it could not be.
 */
export async function pinAllByLetter(
  profile: Profile,
  keys: ReadonlyMap<string, Uint8Array>,
  now: Date,
): Promise<ReadonlyMap<string, boolean | SottoError>> {
  let results = new Map<string, boolean | SottoError>()
  const pinned = (before: ProfileState): ProfileState => {
    results = new Map([...keys].map(([name, key]) => [name, provisionally(before, name, key)]))
    const fresh = [...keys].filter(([name]) => results.get(name) === true)
    return fresh.reduce(
      (state, [name, key]) => withPin(state, name, { ...pinOf(key, now), isProvisional: true }),
      before,
    )
  }
  const state = await profile.refresh()
  if (pinned(state) !== state) await profile.update(pinned)
  return results
}

/** Whether a letter pins this key of a name, or why there may be none. */
function provisionally(state: ProfileState, name: string, identityKey: Uint8Array): boolean | SottoError {
  const refusal = conversationRefusal(policyOf(state, name))
  if (refusal !== undefined) return refusal
  const verdict = verdictOn(state, name, identityKey)
  return verdict === 'changed' ? keyChanged(name) : verdict === 'new'
}

/**
 * Stop where a name has another key than the pinned one, and remember that key.
 *
 * @throws SottoError `ERR_KEY_CHANGED`.
 */
export async function refuseChangedKey(
  profile: Profile,
  name: string,
  identityKey: Uint8Array,
  now: Date,
): Promise<void> {
  if ((await checkPin(profile, name, identityKey)) !== 'changed') return
  await noteChangedKey(profile, name, identityKey, now)
  throw keyChanged(name)
}

/** Remember a changed key, for {@link trust} to accept. What is pinned stays. */
export async function noteChangedKey(
  profile: Profile,
  name: string,
  identityKey: Uint8Array,
  now: Date,
): Promise<void> {
  await profile.update((state) => {
    const known = state.pins.get(name)
    if (known === undefined || isSame(known.identityKey, identityKey)) return state
    if (known.changedTo !== undefined && isSame(known.changedTo, identityKey)) return state
    // Of one doubt the beginning counts, however many keys are shown.
    const changedAtMs = known.changedTo === undefined ? now.getTime() : known.changedAtMs
    return withPin(state, name, { ...known, changedTo: Uint8Array.from(identityKey), changedAtMs })
  })
}

/**
 * The result of trusting a contact: another key is pinned, the pinned one is accepted again, or there was nothing to
 * do.
 */
export type Trusted = 'replaced' | 'restored' | 'unchanged'

/** The notice for each result. */
export const TRUSTED: Readonly<Record<Trusted, (name: string) => string>> = {
  replaced: (name) => `the new key of ${name} is trusted from now on`,
  restored: (name) => `the key of ${name} is trusted again, though the safety numbers did not agree`,
  unchanged: (name) => `the key of ${name} has not changed`,
}

/**
 * Take the changed key of a contact for theirs from now on; or the pinned one, though the safety numbers did not agree.
 *
 * @throws SottoError `ERR_USAGE` if no key of this name is known: the first conversation pins it.
 */
export async function trust(profile: Profile, name: string, now: Date): Promise<Trusted> {
  let trusted: Trusted = 'unchanged'
  await profile.update((state) => {
    const known = pinIn(state, name)
    if (known.changedTo !== undefined) trusted = 'replaced'
    else if (known.mismatchAtMs !== undefined) trusted = 'restored'
    else return state
    return withPin(state, name, pinOf(known.changedTo ?? known.identityKey, now))
  })
  return trusted
}

/**
 * Take a key of a contact for theirs because the user has compared safety numbers, and they agree.
 *
 * @param identityKey - The key whose safety number agrees: the pinned one, which withdraws no doubt, or the one that was
 *   seen since.
 * @throws SottoError `ERR_USAGE` if no key of this name is known, or this is neither of theirs.
 */
export async function verify(profile: Profile, name: string, identityKey: Uint8Array, now: Date): Promise<void> {
  await profile.update((state) => {
    const known = pinIn(state, name)
    const verifiedAtMs = now.getTime()
    if (isSame(known.identityKey, identityKey)) {
      const { isProvisional: _, ...proven } = known
      return withPin(state, name, { ...proven, verifiedAtMs, mismatchAtMs: undefined })
    }
    if (known.changedTo !== undefined && isSame(known.changedTo, identityKey)) {
      return withPin(state, name, { ...pinOf(identityKey, now), verifiedAtMs })
    }
    throw new SottoError('ERR_USAGE', `the key of ${name} has changed again meanwhile`, {
      hint: `compare once more: sotto verify ${name}`,
    })
  })
}

/**
 * Note that the user has compared safety numbers with a contact, and that no key which is known of them agrees.
 *
 * @throws SottoError `ERR_USAGE` if no key of this name is known.
 */
export async function noteMismatch(profile: Profile, name: string, now: Date): Promise<void> {
  await profile.update((state) =>
    withPin(state, name, { ...pinIn(state, name), verifiedAtMs: undefined, mismatchAtMs: now.getTime() }),
  )
}

/** The pin of a contact. @throws SottoError `ERR_USAGE` if none is. */
export function pinIn({ pins }: ProfileState, name: string): Pin {
  const known = pins.get(name)
  if (known !== undefined) return known
  throw new SottoError('ERR_USAGE', `no key of ${name} is known yet`, {
    hint: 'the first conversation with them pins it',
  })
}

/** Let nobody of this name in, and write to them no more; or let them again. */
export async function setBlocked(profile: Profile, name: string, isBlocked: boolean): Promise<void> {
  await profile.update((state) => {
    const others = [...state.blocked].filter((each) => each !== name)
    return { ...state, blocked: new Set(isBlocked ? [...others, name] : others) }
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

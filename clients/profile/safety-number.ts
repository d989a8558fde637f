/**
 * The safety numbers that a profile's owner and a contact share, and how it is told what is known of the contact's key.
 *
 * @module
 */
import { fingerprintOf } from '#lib/trust/fingerprint.ts'
import { type SafetyNumber, safetyNumberOf } from '#lib/trust/safety-number.ts'
import { type PinState, pinIn, stateOf } from './pins.ts'
import type { Profile } from './profile.ts'
import { type Pin, realmOfAccount } from './state.ts'

/** The names by which the user tells two keys of a contact apart: the pinned one, and the one that was seen since. */
export type KeyName = 'pinned' | 'seen'

/** A key of a contact, with the number to compare. */
export interface ComparableKey {
  readonly key: KeyName
  readonly identityKey: Uint8Array
  readonly number: SafetyNumber
  /** The time at which it was pinned, or first seen as far as that is known. */
  readonly since: Date | undefined
}

/**
 * The keys of a contact that the user can compare: the pinned one, and in a doubt the other one behind it.
 *
 * @throws SottoError `ERR_NOT_LOGGED_IN`; `ERR_USAGE` if no key of theirs is known.
 */
export function comparableKeys(profile: Profile, name: string): readonly [ComparableKey, ComparableKey?] {
  const { account } = profile.login
  const { identityKey, pinnedAtMs, changedTo, changedAtMs } = pinIn(profile.state, name)
  const realm = realmOfAccount(account)
  const own = fingerprintOf({ realm, name: account.username, identityKey: profile.state.identity.publicKey })
  const numberOf = (key: Uint8Array) => safetyNumberOf(own, fingerprintOf({ realm, name, identityKey: key }))
  const pinned = { key: 'pinned', identityKey, number: numberOf(identityKey), since: new Date(pinnedAtMs) } as const
  if (changedTo === undefined) return [pinned]
  const since = changedAtMs === undefined ? undefined : new Date(changedAtMs)
  return [pinned, { key: 'seen', identityKey: changedTo, number: numberOf(changedTo), since }]
}

/** A heading for a key where there are two. */
export function headingOf({ key, since }: ComparableKey, name: string): string {
  const at = since === undefined ? '' : ` since ${minuteOf(since)}`
  return key === 'pinned' ? `the pinned key of ${name}${at}:` : `another key, said to be ${name}’s${at}:`
}

/** The state of a contact's key, as the pin stands now, in a sentence. */
export function keyStateNotice(name: string, pin: Pin): string {
  return STATES[stateOf(pin)](name, pin)
}

const STATES: Readonly<Record<PinState, (name: string, pin: Pin) => string>> = {
  verified: (name, pin) => `${name} is verified${verifiedSince(pin)}`,
  pinned: (name, { isProvisional }) =>
    `${name} is not verified${isProvisional ? ', and their key is known from letters alone' : ''}`,
  changed: (name, pin) => {
    const verified =
      pin.verifiedAtMs === undefined ? '' : `the pinned key of ${name} is verified${verifiedSince(pin)}, but `
    return `${verified}another key was said to be ${name}’s: nothing goes to them until their own client answers with the pinned one, or until sotto verify ${name} or sotto trust ${name} takes the other`
  },
  mismatch: (name) =>
    `the safety number with ${name} did not agree: somebody may stand between you two, and read and change what you say; nothing goes to them or is shown of them until it agrees, or until sotto trust ${name} takes the key without`,
}

function verifiedSince({ verifiedAtMs }: Pin): string {
  return verifiedAtMs === undefined ? '' : ` since ${minuteOf(new Date(verifiedAtMs))}`
}

function minuteOf(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

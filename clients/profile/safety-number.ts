/**
 * The safety number that a profile's owner and a contact share.
 *
 * @module
 */
import { realmOf } from '#lib/runtime/tls.ts'
import { fingerprintOf } from '#lib/trust/fingerprint.ts'
import { type SafetyNumber, safetyNumberOf } from '#lib/trust/safety-number.ts'
import { keyToCompare } from './pins.ts'
import type { Profile } from './profile.ts'

/**
 * The safety number with a contact, under the key of theirs that was seen last.
 *
 * @returns it, and the key that it is for.
 * @throws SottoError `ERR_NOT_LOGGED_IN`; `ERR_USAGE` if no key of theirs is known.
 */
export function safetyNumberWith(profile: Profile, name: string): { number: SafetyNumber; identityKey: Uint8Array } {
  const { account } = profile.login
  const realm = realmOf(account.authorityPem)
  const identityKey = keyToCompare(profile.state, name)
  const own = fingerprintOf({ realm, name: account.username, identityKey: profile.state.identity.publicKey })
  return { number: safetyNumberOf(own, fingerprintOf({ realm, name, identityKey })), identityKey }
}

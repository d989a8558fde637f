/**
 * What letters need of others before they can be written: a ticket with its grant, and a prekey.
 *
 * @module
 */
import { isSottoError, type SottoError } from '#lib/errors.ts'
import type { Prekey } from '#lib/letter/prekey.ts'
import { WritePermission } from '#lib/trust/permission.ts'
import { policyOf } from '../profile/permission.ts'
import { refuseChangedKey } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import type { RequestedLetter } from '../session/request-letters.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { MailboxClient } from './mailbox.ts'
import type { LetterAddress } from './mailbox-results.ts'

export interface EnvelopeOptions {
  readonly profile: Profile
  readonly directory: Pick<DirectoryClient, 'requestLetters'>
  readonly mailbox: Pick<MailboxClient, 'takePrekeys'>
  readonly clock: ServerClock
  readonly signal: AbortSignal
}

/** All that a letter to somebody needs of others, got before there is one. */
export interface Envelope extends RequestedLetter {
  readonly prekey: Prekey
}

/**
 * See that letters can be left for somebody now. Nothing is kept of it, and nobody is pinned.
 *
 * @throws SottoError as post-letters.ts has it of somebody.
 */
export async function getEnvelope(name: string, options: EnvelopeOptions): Promise<Envelope> {
  const { directory, mailbox, signal } = options
  const requested = only(await directory.requestLetters([name], signal))
  await checkPermission(name, requested, options)
  const prekey = only(await mailbox.takePrekeys([addressOf(name, requested)], signal))
  return { ...requested, prekey }
}

/**
 * Nothing goes to another key than the pinned one, or to somebody who is blocked.
 *
 * @throws SottoError `ERR_KEY_CHANGED`, `ERR_BLOCKED`, `ERR_KEY_MISMATCH`.
 */
export async function checkPermission(
  name: string,
  { grant }: RequestedLetter,
  { profile, clock }: Pick<EnvelopeOptions, 'profile' | 'clock'>,
): Promise<void> {
  await refuseChangedKey(profile, name, grant.receiverIdentityKey, clock.local.now())
  // By the profile as it was read a moment ago.
  WritePermission.of(policyOf(profile.state, name))
}

export function addressOf(name: string, { grant }: RequestedLetter): LetterAddress {
  return { name, sessionId: grant.receiverSessionId }
}

/** The answer to a question about one. @throws SottoError if it is that. */
function only<T>([answer]: readonly (T | SottoError)[]): T {
  if (isSottoError(answer)) throw answer
  return answer as T
}

/**
 * The base of every command that talks to others: the profile, who is signed in, and the clock of the services. What it
 * takes to call the directory is not loaded by this.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'
import type { UnlockKey } from '../profile/key-file.ts'
import { Profile, setReach } from '../profile/profile.ts'
import type { Reach, Session, SignedIn } from '../profile/state.ts'
import { ServerClock } from '../session/server-clock.ts'

export interface SessionOptions {
  /** SOTTO_HOME. */
  readonly home: string
  /** The name of the profile. */
  readonly profile: string
  /** Gets at a profile that is under a passphrase. */
  readonly unlock?: UnlockKey
  /** Which way conversations may go from now on; as the profile has it unless set. */
  readonly reach?: Reach | undefined
  readonly clock: Clock
}

export interface OpenAccount {
  readonly profile: Profile
  readonly account: SignedIn
  readonly session: Session
  readonly clock: ServerClock
}

/**
 * Open the profile of somebody who is signed in.
 *
 * @throws SottoError `ERR_PROFILE_MISSING`, `ERR_PROFILE_DAMAGED`, `ERR_PASSPHRASE`, `ERR_NOT_LOGGED_IN`.
 */
export async function openAccount(options: SessionOptions): Promise<OpenAccount> {
  const profile = await Profile.open(options.home, options.profile, options.unlock)
  const { account, session } = profile.login
  if (options.reach !== undefined) await setReach(profile, options.reach)
  return { profile, account, session, clock: new ServerClock(options.clock, account.clockOffsetMs) }
}

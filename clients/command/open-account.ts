/**
 * The base of every command that talks to others: the profile, who is signed in, and the clock of the services. What it
 * takes to call the directory is not loaded by this.
 *
 * @module
 */

import { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { UnlockKey } from '../profile/key-file.ts'
import { hasLockHolder } from '../profile/process-locks.ts'
import { Profile } from '../profile/profile.ts'
import { setReach } from '../profile/settings.ts'
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
 * @throws SottoError `ERR_PROFILE_MISSING`, `ERR_PROFILE_DAMAGED`, `ERR_PASSPHRASE`, `ERR_NOT_LOGGED_IN`; `ERR_PROFILE_LOCKED`
 *   if another way is asked for while a process holds the profile's conversations.
 */
export async function openAccount(options: SessionOptions): Promise<OpenAccount> {
  const profile = await Profile.open(options.home, options.profile, options.unlock)
  const { account, session } = profile.login
  if (options.reach !== undefined && options.reach !== profile.state.reach) await changeReach(profile, options.reach)
  return { profile, account, session, clock: new ServerClock(options.clock, account.clockOffsetMs) }
}

/** Whoever holds conversations has begun to listen and to announce by the way of before, and goes on so: their user must know. */
async function changeReach(profile: Profile, reach: Reach): Promise<void> {
  if (hasLockHolder(profile)) {
    throw new SottoError(
      'ERR_PROFILE_LOCKED',
      `what runs for the profile ${profile.name} goes another way until it ends`,
      {
        hint: 'it is a sotto chat, web, receive or send: end it, and choose the way then',
      },
    )
  }
  await setReach(profile, reach)
}

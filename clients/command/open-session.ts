/**
 * The base of every command that talks to others: the profile, who is signed in, the clock of the services and the
 * connection to the directory. All of it is put together only here.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'
import type { UnlockKey } from '../profile/key-file.ts'
import { Profile } from '../profile/profile.ts'
import type { SignedIn } from '../profile/state.ts'
import { DirectoryClient } from '../session/directory-client.ts'
import { ServerClock } from '../session/server-clock.ts'
import type { Trace } from '../trace/trace.ts'

export interface SessionOptions {
  /** SOTTO_HOME. */
  readonly home: string
  /** The name of the profile. */
  readonly profile: string
  /** Gets at a profile that is under a passphrase. */
  readonly unlock?: UnlockKey
  readonly clock: Clock
}

export interface OpenSession {
  readonly profile: Profile
  readonly account: SignedIn
  readonly clock: ServerClock
  /** Connects to the directory; to be closed in the end. */
  readonly connect: (trace: Trace) => DirectoryClient
}

/**
 * Open the profile, and what its session gives access to.
 *
 * @throws SottoError `ERR_PROFILE_MISSING`, `ERR_PROFILE_DAMAGED`, `ERR_PASSPHRASE`, `ERR_NOT_LOGGED_IN`.
 */
export async function openSession(options: SessionOptions): Promise<OpenSession> {
  const profile = await Profile.open(options.home, options.profile, options.unlock)
  const { account, session } = profile.login
  const clock = new ServerClock(options.clock, account.clockOffsetMs)
  return { profile, account, clock, connect: (trace) => new DirectoryClient({ account, session, clock, trace }) }
}

/**
 * An open account with the connection to the directory.
 *
 * @module
 */
import { DirectoryClient } from '../session/directory-client.ts'
import { keepIn } from '../session/directory-link.ts'
import type { Trace } from '../trace/trace.ts'
import { type OpenAccount, openAccount, type SessionOptions } from './open-account.ts'

export type { SessionOptions } from './open-account.ts'

export interface OpenSession extends OpenAccount {
  /** Connects to the directory; to be closed in the end. */
  readonly connect: (trace: Trace) => DirectoryClient
}

/**
 * Open the profile, and what its session gives access to.
 *
 * @throws SottoError as {@link openAccount}.
 */
export async function openSession(options: SessionOptions): Promise<OpenSession> {
  const opened = await openAccount(options)
  const { profile } = opened
  const hidesAddress = profile.state.reach === 'relay'
  return {
    ...opened,
    connect: (trace) => new DirectoryClient({ ...opened, trace, hidesAddress, onLearnt: keepIn(profile) }),
  }
}

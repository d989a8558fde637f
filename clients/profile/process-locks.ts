/**
 * The locks that decide which process of a profile does what. There are two:
 *
 *     receive.lock     whoever can be called: a chat or a receive
 *     messenger.lock   whoever owns the profile's conversations and says what lies in its store: the same, or a send
 *                      where neither runs
 *
 * Who receives also owns. A send that owns gives way to them; without that it goes on until it has sent everything.
 *
 * @module
 */
import { join } from 'node:path'
import { isSottoError } from '#lib/errors.ts'
import { isLocked, type Lock, takeLock } from './lock.ts'
import type { Profile } from './profile.ts'

/** Longer than anybody takes to look at a lock, in milliseconds. */
const PROBE_TIMEOUT_MS = 200

/** How long a send may take to notice that it is to give way, and to say goodbye, in milliseconds. */
const HAND_OVER_TIMEOUT_MS = 10_000

/**
 * Become the process that receives for a profile, and owns its conversations.
 *
 * @throws SottoError `ERR_PROFILE_LOCKED` if another one does.
 */
export async function lockForReceiving(profile: Profile): Promise<Lock> {
  const hint = `a sotto chat, web or receive runs for the profile ${profile.name} already; stop it, or use another --profile`
  const receive = await takeLock(receiveLock(profile), { timeoutMs: PROBE_TIMEOUT_MS, hint })
  try {
    const messenger = await takeLock(messengerLock(profile), { timeoutMs: HAND_OVER_TIMEOUT_MS, hint })
    return {
      release() {
        messenger.release()
        receive.release()
      },
    }
  } catch (error) {
    receive.release()
    throw error
  }
}

/** How long to wait for whoever may only look at a lock, in milliseconds: a look takes less than one. */
const LOOK_MS = 20

/** Become the process that owns a profile's conversations, without receiving: undefined if there is one. */
export async function tryLockForSending(profile: Profile): Promise<Lock | undefined> {
  if (isReceived(profile)) return undefined
  try {
    return await takeLock(messengerLock(profile), { timeoutMs: LOOK_MS, hint: '' })
  } catch (error) {
    if (isSottoError(error, 'ERR_PROFILE_LOCKED')) return undefined
    throw error
  }
}

/** Whether a process receives for a profile, or is about to. */
export function isReceived(profile: Profile): boolean {
  return isLocked(receiveLock(profile))
}

function receiveLock({ storage }: Profile): string {
  return join(storage.folder, 'receive.lock')
}

function messengerLock({ storage }: Profile): string {
  return join(storage.folder, 'messenger.lock')
}

/** Whether a process owns a profile's conversations, and says what is put into its store. */
export function hasLockHolder(profile: Profile): boolean {
  return isLocked(messengerLock(profile))
}

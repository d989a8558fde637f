/**
 * A mailbox for somebody who has just signed in, and may not be online for long: so letters can be left for them at once.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { isSottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { keepPrekeys } from '../../letters/put-prekeys.ts'
import type { Profile } from '../../profile/profile.ts'
import { openStore } from '../../store/open-store.ts'
import { connectMailbox } from './connect-mailbox.ts'

/** How long the mailbox may keep somebody from what they signed in for, in milliseconds. */
const PUT_MS = 3_000

/**
 * Put down prekeys of a profile's, for its session. Where that fails, or takes longer than {@link PUT_MS}, whoever is
 * online with the profile next does it.
 *
 * It takes no lock: where a process of the profile does the same just now, the mailbox takes no more than it has room for,
 * and the private halves of the others go in time.
 *
 * @param signal - Aborted to try no longer.
 */
export async function putPrekeysOnce(profile: Profile, clock: Clock, signal: AbortSignal): Promise<void> {
  const mailbox = connectMailbox(profile)
  if (mailbox === undefined) return
  using resources = new DisposableStack()
  resources.defer(() => mailbox.close())
  const { folder, key } = profile.storage
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PUT_MS)])
  try {
    const store = resources.adopt(openStore(folder, { profileKey: key, clock }), (open) => open.close())
    await keepPrekeys({
      ...{ mailbox, store },
      sessionId: profile.login.session.sessionId,
      nowMs: clock.now().getTime(),
      random: randomBytes,
      signal: limited,
    })
  } catch (error) {
    if (!limited.aborted && !isSottoError(error)) throw error
  }
}

/**
 * The end of a mailbox, for somebody who uses no relay any more: nobody is to leave letters there that nobody collects.
 *
 * @module
 */
import { withdrawPrekeys } from '../../letters/put-prekeys.ts'
import type { Profile } from '../../profile/profile.ts'
import type { ServerClock } from '../../session/server-clock.ts'
import type { Store } from '../../store/store.ts'
import { throwUnlessPassing } from '../own-mailbox.ts'
import { connectAnyMailbox } from './connect-mailbox.ts'

/**
 * Withdraw the prekeys of a profile's that the mailbox may have, whatever way the profile goes now. Letters that lie there
 * stay. Where the relay cannot be reached, whoever is online with the profile next does it.
 *
 * @throws SottoError `ERR_STORE`, `ERR_STORE_DAMAGED`.
 */
export async function leaveMailbox(
  profile: Profile,
  { store, clock, signal }: { readonly store: Store; readonly clock: ServerClock; readonly signal: AbortSignal },
): Promise<void> {
  const mayBeThere = store.letterState().prekeys.some(({ missingSinceMs }) => missingSinceMs === undefined)
  const mailbox = mayBeThere ? connectAnyMailbox(profile) : undefined
  if (mailbox === undefined) return
  try {
    await withdrawPrekeys({ mailbox, store, nowMs: clock.local.now().getTime(), signal })
  } catch (error) {
    throwUnlessPassing(error, signal)
  } finally {
    mailbox.close()
  }
}

/** The last step of signing in: that letters can be left for who has not been online yet. */
import { systemClock } from '#lib/runtime/clock.ts'
import type { Profile } from '../../clients/profile/profile.ts'

/** Put down prekeys at the mailbox of a profile that has just signed in. It is signed in, whatever comes of that. */
export async function openMailbox(profile: Profile, signal: AbortSignal): Promise<void> {
  // What it takes is loaded where there is a mailbox.
  if (profile.login.account.relayAddresses.length === 0) return
  const { putPrekeysOnce } = await import('../../clients/messenger/mailbox/put-prekeys-once.ts')
  await putPrekeysOnce(profile, systemClock, signal)
}

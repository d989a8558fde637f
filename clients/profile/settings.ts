/**
 * The settings of a profile that a user may change at any time.
 *
 * @module
 */
import type { Profile } from './profile.ts'
import type { Reach } from './state.ts'

/** Let others know what the user has read, or not. */
export async function setReceipts(profile: Profile, receipts: boolean): Promise<void> {
  await profile.update((state) => (state.receipts === receipts ? state : { ...state, receipts }))
}

/** Keep by which ways conversations may go. */
export async function setReach(profile: Profile, reach: Reach): Promise<void> {
  await profile.update((state) => (state.reach === reach ? state : { ...state, reach }))
}

/**
 * Noticing what other processes write into a profile, such as `sotto block` and `sotto trust`.
 *
 * @module
 */
import { unwatchFile, watchFile } from 'node:fs'
import { join } from 'node:path'
import type { Profile } from './profile.ts'

/** How often the file is looked at, in milliseconds: a stat each time, and a reading where it has changed. */
const POLL_INTERVAL_MS = 500

/**
 * Call back after each change of a profile, by whichever process, once the profile has it: in the same turn in which this
 * process learns of it. Those of one moment may be told together.
 *
 * @param onChange - Told the state before and after. It must not throw.
 * @returns ends it.
 */
export function watchProfile(
  profile: Profile,
  onChange: (before: Profile['state'], after: Profile['state']) => void,
): () => void {
  let lastReported = profile.state
  const unwatch = profile.onTaken(() => {
    const before = lastReported
    lastReported = profile.state
    onChange(before, lastReported)
  })
  // What cannot be read now is told by whoever needs it next.
  const poll = (): void => void profile.refresh().catch(() => undefined)
  const file = join(profile.storage.folder, 'profile.sealed')
  watchFile(file, { interval: POLL_INTERVAL_MS, persistent: false }, poll)
  return () => {
    unwatch()
    unwatchFile(file, poll)
  }
}

/**
 * Noticing what other processes write into a profile, such as `sotto block` and `sotto trust`.
 *
 * @module
 */
import { unwatchFile, watchFile } from 'node:fs'
import { join } from 'node:path'
import type { Profile } from './profile.ts'

/** How often the file is looked at, in milliseconds: a stat each time, and a reading where it has changed. */
const LOOK_MS = 500

/**
 * Call back after each change of a profile, by whichever process, once the profile has it. Those of one moment may be told
 * together.
 *
 * @param onChange - Told the state before and after.
 * @returns ends it.
 */
export function watchProfile(
  profile: Profile,
  onChange: (before: Profile['state'], after: Profile['state']) => void,
): () => void {
  let told = profile.state
  let isOver = false
  const look = async (): Promise<void> => {
    // What cannot be read now is told by whoever needs it next.
    const state = await profile.refresh().catch(() => undefined)
    if (isOver || state === undefined) return
    const before = told
    told = state
    onChange(before, state)
  }
  const listener = (): void => void look()
  const file = join(profile.storage.folder, 'profile.sealed')
  watchFile(file, { interval: LOOK_MS, persistent: false }, listener)
  return () => {
    isOver = true
    unwatchFile(file, listener)
  }
}

/**
 * What `sotto doctor` looks at in a profile: whether it opens, and its store with it.
 *
 * @module
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { hasLockHolder, isReceived } from '../../clients/profile/process-locks.ts'
import type { Profile } from '../../clients/profile/profile.ts'
import { openStoreToRead, STORE_FILE } from '../../clients/store/open-store.ts'
import { PROTECTION } from '../profile-command.ts'
import { check, type Report, type Seen } from './finding.ts'

/** Check a profile. @returns it; undefined where it does not open. */
export async function checkProfile(report: Report, open: () => Promise<Profile>): Promise<Profile | undefined> {
  const opened = await check(report, 'profile', async () => {
    const profile = await open()
    const whose = profile.state.account?.username ?? 'nobody yet'
    return { profile, text: `${profile.name}, of ${whose}, protected by ${PROTECTION[profile.protection]}` }
  })
  if (opened === undefined) return undefined
  const { profile } = opened
  await check(report, 'messages', () => checkStore(profile))
  await check(report, 'running', () => ({ text: runningText(profile) }))
  return profile
}

async function checkStore({ storage, state }: Profile): Promise<Seen> {
  const isThere = await stat(join(storage.folder, STORE_FILE)).then(
    () => true,
    (error: unknown) => {
      if (hasSystemCode(error, 'ENOENT')) return false
      throw error
    },
  )
  if (!isThere) return { text: 'none yet' }
  const store = openStoreToRead(storage.folder, { profileKey: storage.key })
  try {
    const names = store.names()
    const all = names.map((name) => store.undelivered(name, state.pins.get(name)?.identityKey))
    const waiting = all.reduce((sum, each) => sum + each.waiting, 0)
    const posted = all.reduce((sum, each) => sum + each.posted, 0)
    return { text: `the store opens: ${names.length} contacts, ${waiting} messages waiting, ${posted} posted` }
  } finally {
    store.close()
  }
}

function runningText(profile: Profile): string {
  if (isReceived(profile)) return 'a chat, web or receive of this profile runs, and can be called'
  if (hasLockHolder(profile)) return 'a send of this profile runs'
  return 'no command of this profile runs; nobody can call before a sotto chat, web or receive does'
}

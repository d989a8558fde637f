/**
 * A look into the own mailbox without being online: before a session ends, by whose keys alone its letters are opened.
 *
 * @module
 */
import { mayReceive } from '../../profile/permission.ts'
import { tryLockForSending } from '../../profile/process-locks.ts'
import type { Profile } from '../../profile/profile.ts'
import { DirectoryClient } from '../../session/directory-client.ts'
import type { ServerClock } from '../../session/server-clock.ts'
import { openStore } from '../../store/open-store.ts'
import { Letters } from '../letters.ts'
import { StreamsByKey } from '../streams-by-key.ts'
import { connectMailbox } from './connect-mailbox.ts'

/**
 * Take in the letters that lie in the mailbox of a profile, and leave their writers word that they are stored. They are in
 * its history then, and unread.
 *
 * @returns how many messages are new; none where another process of the profile receives, which does so itself, or where
 *   there is no mailbox, or none that answers within 5 s.
 * @throws SottoError `ERR_STORE`, `ERR_STORE_DAMAGED`; the signal's reason.
 */
export async function collectOnce(profile: Profile, clock: ServerClock, signal: AbortSignal): Promise<number> {
  const mailbox = connectMailbox(profile)
  if (mailbox === undefined) return 0
  const lock = await tryLockForSending(profile)
  if (lock === undefined) {
    mailbox.close()
    return 0
  }
  await using resources = new AsyncDisposableStack()
  resources.defer(() => lock.release())
  const { folder, key } = profile.storage
  const store = resources.adopt(openStore(folder, { profileKey: key, clock: clock.local }), (open) => open.close())
  const { account, session } = profile.login
  const directory = resources.adopt(new DirectoryClient({ account, session, clock, trace: undefined }), (open) =>
    open.close(),
  )
  const permit = (name: string, identityKey: Uint8Array) => mayReceive(profile, name, identityKey)
  const streamsByKey = new StreamsByKey({ store, onProgress() {}, sendsReceipts: () => false, permit })
  const over = new AbortController()
  let count = 0
  const letters = new Letters({
    ...{ mailbox, profile, directory, clock, store, streamsByKey },
    signal: AbortSignal.any([signal, over.signal]),
    // Nothing is posted by itself.
    postsLast: false,
    isOnline: () => true,
    attempt() {},
    deliver: (_name, events) => {
      count += events.filter(({ kind }) => kind?.$case !== 'fileStatus').length
    },
    onProgress() {},
    onPinned() {},
    onTooLarge() {},
    onKeyChanged() {},
    onRefused() {},
  })
  resources.defer(async () => {
    over.abort()
    await letters.stop()
  })
  await letters.own.collect()
  await letters.answer()
  signal.throwIfAborted()
  return count
}

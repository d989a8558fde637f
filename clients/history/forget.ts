/**
 * `sotto forget`: removes one conversation for good.
 *
 * @module
 */
import { discardPartial } from '../files/disk/partial.ts'
import { lockForReceiving } from '../profile/process-locks.ts'
import type { Profile } from '../profile/profile.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import { hasStore, nothingOf } from './kept-history.ts'

/**
 * Remove everything that was sent to a contact and received from it, with the waiting messages and the parts of
 * incomplete files. Its key stays known, and received files stay.
 *
 * @param isSure - Asks, with the question to ask.
 * @returns how many messages waited, and are not sent now; undefined if it was not sure, and nothing was done.
 * @throws SottoError `ERR_USAGE` if there is nothing to forget; `ERR_PROFILE_LOCKED` while a chat may be using it;
 *   `ERR_STORE_DAMAGED`, `ERR_STORE_KEY`, `ERR_STORE`.
 */
export async function forget(
  profile: Profile,
  name: string,
  isSure: (question: string) => Promise<boolean>,
): Promise<number | undefined> {
  if (!hasStore(profile)) throw nothingOf(name)
  const { folder, key: profileKey } = profile.storage
  const store = openStore(folder, { profileKey })
  try {
    if (!store.names().includes(name)) throw nothingOf(name)
    const { waiting, posted } = store.undelivered(name)
    if (!(await isSure(questionOf(name, waiting + posted)))) return undefined
    // A chat that goes on would write to a conversation that is no more.
    const lock = await lockForReceiving(profile)
    try {
      return await removeConversation(store, name)
    } finally {
      lock.release()
    }
  } finally {
    store.close()
  }
}

/**
 * Remove a conversation from a store, with what has come of files that are not whole.
 *
 * @param onForgotten - Lets go of what is in memory of it, before anybody else looks for it in the store.
 * @returns how many messages waited, and are not sent now. What was posted goes its way.
 * @throws SottoError `ERR_STORE`.
 */
export async function removeConversation(
  store: Store,
  name: string,
  onForgotten: () => void = () => {},
): Promise<number> {
  const { waiting } = store.undelivered(name)
  const transfers = store.transfers.list().filter(({ contact }) => contact === name)
  store.forget(name)
  onForgotten()
  await discardAll(transfers)
  return waiting
}

/** The notice that a conversation was removed. */
export function forgottenNotice(name: string, waiting: number): string {
  const unsent = waiting === 1 ? 'one message that waited is' : `${waiting} messages that waited are`
  return `nothing is kept of a conversation with ${name}${waiting === 0 ? '' : `, and ${unsent} not sent any more`}`
}

async function discardAll(transfers: readonly Transfer[]): Promise<void> {
  for (const { id, direction, state, path } of transfers) {
    const isPartial = direction === 'downloading' && state !== 'received'
    // What cannot be removed is hidden, and nothing knows of it any more.
    if (isPartial && path !== undefined) await discardPartial(path, id).catch(() => undefined)
  }
}

function questionOf(name: string, pending: number): string {
  const undelivered = pending === 0 ? '' : `, and ${pending} of it not delivered yet`
  return `Remove all that was said with ${name}${undelivered}? There is no way back. [y/N] `
}

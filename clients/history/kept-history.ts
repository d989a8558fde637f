/**
 * The kept history of a profile, for commands that read it while another process may write it.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Profile } from '../profile/profile.ts'
import { isUndeliverable } from '../store/log/undeliverable.ts'
import { openStoreToRead, STORE_FILE } from '../store/open-store.ts'
import type { Gap, Message } from '../store/reading/messages.ts'
import type { Store } from '../store/store.ts'
import type { OutputStream } from '../terminal/output-stream.ts'
import type { Format, IsUndeliverable } from './formats.ts'
import { writeOut } from './write-out.ts'

/** The notice where nothing was ever kept. */
export const NOTHING_KEPT = 'nothing is kept yet; history begins with the first message'

export interface ShowOptions {
  readonly profile: Profile
  /** The conversations to show; all of them if empty. */
  readonly names: readonly string[]
  readonly output: OutputStream
  readonly format: (ownName: string, isUndeliverable: IsUndeliverable) => Format
  /** The entries to show, in order. */
  readonly select: (store: Store, names: readonly string[]) => AsyncIterable<Message | Gap> | Iterable<Message | Gap>
  /** The notice if there are none. */
  readonly ifNone: string
  /** Says something to the person, beside the output. */
  readonly notice: (text: string) => void
}

/**
 * Show what is selected of the kept messages, all that can be read.
 *
 * @throws SottoError
 *   - `ERR_USAGE` if nothing is kept of one who is named,
 *   - `ERR_STORE_DAMAGED` in the end, if some could not be read: there are gaps in what was shown,
 *   - `ERR_STORE_KEY`, `ERR_STORE`, `ERR_OUTPUT`.
 */
export async function showKept({ profile, output, format, notice, ...options }: ShowOptions): Promise<void> {
  const opened = openKept(profile)
  if (opened === undefined) return notice(NOTHING_KEPT)
  const { store } = opened
  let count = 0
  let isDamaged = opened.isDamaged
  try {
    const known = store.contacts().map(({ name }) => name)
    const unknown = options.names.filter((name) => !known.includes(name))
    if (unknown.length > 0) throw isDamaged ? unreadable() : nothingOf(...unknown)
    const { account, pins } = profile.state
    const write = format(account?.username ?? profile.name, (message) => {
      return isUndeliverable(message, pins.get(message.contact)?.identityKey)
    })
    const selected = options.select(store, options.names.length > 0 ? options.names : known)
    const formatted = async function* () {
      for await (const entry of selected) {
        count += 1
        isDamaged ||= entry.kind === 'gap'
        yield write(entry)
      }
    }
    await writeOut(output, formatted())
  } finally {
    store.close()
  }
  if (isDamaged) throw unreadable()
  if (count === 0) notice(options.ifNone)
}

/** The store of a profile; undefined if there is none yet, and damaged if only a part of it can be read. */
export function openKept(profile: Profile): { store: Store; isDamaged: boolean } | undefined {
  if (!hasStore(profile)) return undefined
  const { folder, key: profileKey } = profile.storage
  try {
    return { store: openStoreToRead(folder, { profileKey }), isDamaged: false }
  } catch (error) {
    if (!isSottoError(error, 'ERR_STORE_DAMAGED')) throw error
    return { store: openStoreToRead(folder, { profileKey, tolerant: true }), isDamaged: true }
  }
}

/** Whether anything was ever kept: opening a store would make one. */
export function hasStore({ storage }: Profile): boolean {
  return existsSync(join(storage.folder, STORE_FILE))
}

/** The notice about people with whom there is no conversation. */
export function nothingOf(...names: readonly string[]): SottoError {
  return new SottoError('ERR_USAGE', `nothing is kept of a conversation with ${names.join(', ')}`, {
    hint: 'check the name; sotto history without one shows all conversations',
  })
}

function unreadable(): SottoError {
  return new SottoError('ERR_STORE_DAMAGED', 'a part of the store cannot be read: it was changed from outside', {
    hint: "what can be read was shown; put the profile's folder back from a backup for the rest",
  })
}

/**
 * What was sent to a contact and is not with them yet, in numbers, and in the words of every list.
 *
 * @module
 */
import { isSame } from '#lib/same-bytes.ts'
import { postedCount } from '../log/posted.ts'
import { waitingCount } from '../rows/contact-state.ts'
import type { StoreFile } from '../store-file.ts'

/** How many messages are not with a contact yet. */
export interface Undelivered {
  /** Those that wait here. */
  readonly waiting: number
  /** Those of them that wait for a key that the contact no longer has. */
  readonly undeliverable: number
  /** Those that lie in the contact's mailbox, and wait for nothing but the contact. */
  readonly posted: number
}

/** Where nothing is on its way. */
export const NOTHING_UNDELIVERED: Undelivered = { waiting: 0, undeliverable: 0, posted: 0 }

/**
 * Count them. Reads no messages.
 *
 * @param present - The key that the contact has now, where one is known. What was posted for another is opened by nobody.
 */
export function readUndelivered(
  file: StoreFile,
  name: string,
  present: Uint8Array | undefined,
  nowMs: number,
): Undelivered {
  const keys = file.read(() => file.contacts.named(name)?.state.keys) ?? []
  return keys.reduce(({ waiting, undeliverable, posted }, { identityKey, outgoing }) => {
    const isOfAnother = present !== undefined && identityKey !== undefined && !isSame(identityKey, present)
    const pending = waitingCount(outgoing)
    const inMailbox = isOfAnother ? 0 : postedCount(outgoing, nowMs)
    return {
      waiting: waiting + pending - inMailbox,
      undeliverable: undeliverable + (isOfAnother ? pending : 0),
      posted: posted + inMailbox,
    }
  }, NOTHING_UNDELIVERED)
}

/** The same in words, such as `2 waiting (1 for a former key)` and `3 posted`; none where all is delivered. */
export function undeliveredWords({ waiting, undeliverable, posted }: Undelivered): string[] {
  const former = undeliverable > 0 ? ` (${undeliverable} for a former key)` : ''
  return [waiting > 0 ? `${waiting} waiting${former}` : '', posted > 0 ? `${posted} posted` : ''].filter(Boolean)
}

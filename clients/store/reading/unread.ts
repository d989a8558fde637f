/**
 * The received messages that are not yet read: a reader continues with them, such as `sotto receive`, or a chat with
 * its counts.
 *
 * @module
 */

import { decodeEvent } from '#lib/delivery/text-event.ts'
import { isSame } from '#lib/same-bytes.ts'
import { lastOf } from '../rows/batch.ts'
import type { ContactState, KeyState } from '../rows/contact-state.ts'
import type { StoreFile } from '../store-file.ts'
import { type Gap, type Message, messageAt } from './messages.ts'

/** Stands for messages from a key that are missing or cannot be read, up to an ordinal. */
export interface UnreadGap extends Gap, Pick<Message, 'ordinal' | 'identityKey'> {}

/** How many batches are read in one go: what a page has no room for is read once more. */
const RUN = 4

/** The size of a page, in bytes of its messages' texts, about; a longer message stands alone. */
const PAGE_BYTES = 4 * 1024 * 1024

/** The oldest unread messages, all from the first key that has any. */
export function readUnread(file: StoreFile, name: string, { limit }: { limit: number }): (Message | UnreadGap)[] {
  return file.read(() => {
    const contact = file.contacts.named(name)
    const index = contact?.state.keys.findIndex(({ read, received }) => read < received) ?? -1
    if (contact === undefined || index === -1) return []
    const { state, id } = contact
    const key = state.keys[index] as KeyState
    const page: (Message | UnreadGap)[] = []
    let bytes = 0
    let through = key.read
    const isFull = (): boolean => page.length >= limit || bytes >= PAGE_BYTES
    const skip = (to: number, batch: number): void => {
      if (to > through) page.push({ ...gapBefore(name, batch), ordinal: to, identityKey: key.identityKey })
      through = Math.max(through, to)
    }
    for (let from = key.unreadFrom; from <= state.lastBatch && !isFull(); from += RUN) {
      const run = file.batches.readWhatOpens(id, from, Math.min(state.lastBatch, from + RUN - 1))
      for (const { number, batch } of run) {
        if (isFull() || batch?.direction !== 'incoming' || batch.key !== index || lastOf(batch) <= through) continue
        skip(batch.first - 1, number)
        while (page.length < limit && through < lastOf(batch)) {
          const event = batch.events[through + 1 - batch.first] as Uint8Array
          page.push(messageAt(state, { number, batch }, through + 1 - batch.first, decodeEvent(event)))
          bytes += event.length
          through += 1
        }
      }
    }
    if (!isFull()) skip(key.received, state.lastBatch)
    return page
  })
}

function gapBefore(contact: string, batch: number): Gap {
  return { kind: 'gap', contact, position: { batch, index: 0 } }
}

/** The contact with all marked as read, or what came from one key up to a message; itself if that changes nothing. */
export function withRead(state: ContactState, through?: Message | UnreadGap): ContactState {
  const keys = state.keys.map((key) => {
    const isMeant = through === undefined || isSame(key.identityKey, through.identityKey)
    const read = through === undefined ? key.received : Math.min(through.ordinal, key.received)
    if (!isMeant || read <= key.read) return key
    const unreadFrom =
      read === key.received ? state.lastBatch + 1 : Math.max(key.unreadFrom, through?.position.batch ?? 0)
    return { ...key, read, unreadFrom }
  })
  return keys.every((key, index) => key === state.keys[index]) ? state : { ...state, keys }
}

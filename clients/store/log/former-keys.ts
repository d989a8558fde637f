/**
 * What waits for identity keys that a contact no longer has. It stays bound to them, unless the user drops it or has it
 * sent again to the key that they have now: then its ordinal counts as dropped, and nobody gets it under the former key,
 * not even where that comes back.
 *
 * All functions are for use inside a transaction.
 *
 * @module
 */
import { isSame } from '#lib/same-bytes.ts'
import { type Message, messagesOf } from '../reading/messages.ts'
import { type ContactState, type KeyState, withKey } from '../rows/contact-state.ts'
import type { Contact } from '../rows/contacts.ts'
import { withRange } from '../rows/ordinal-ranges.ts'
import type { StoreFile } from '../store-file.ts'
import { stepped } from '../transfers/transfer-steps.ts'

/** The messages that wait for other keys of a contact than this one, the oldest first. */
export function readUndeliverable(file: StoreFile, name: string, present: Uint8Array): Message[] {
  const contact = file.contacts.named(name)
  if (contact === undefined) return []
  const firsts = contact.state.keys.filter((key) => isFormer(key, present)).map(({ outgoing }) => outgoing.waitsFrom)
  if (firsts.length === 0) return []
  const batches = file.batches.readWhatOpens(contact.id, Math.min(...firsts), contact.state.lastBatch)
  return batches
    .flatMap((batch) => messagesOf(contact.state, batch))
    .filter((each) => each.kind === 'message')
    .filter(({ state }) => state === 'waiting' || state === 'posted' || state === 'sent')
    .filter(({ identityKey }) => identityKey !== undefined && !isSame(identityKey, present))
}

function isFormer({ identityKey }: KeyState, present: Uint8Array): boolean {
  return identityKey !== undefined && !isSame(identityKey, present)
}

/** Drop messages of one contact. @returns false, with nothing dropped, if one of them does not wait for a former key. */
export function dropUndeliverable(file: StoreFile, messages: readonly Message[], present: Uint8Array): boolean {
  const contact = file.contacts.named(messages[0]?.contact ?? '')
  if (contact === undefined) return false
  const state = withoutUndeliverable(file, contact, messages, present)
  if (state === undefined) return false
  file.contacts.save({ id: contact.id, state })
  return true
}

/** A contact of whose messages these are dropped; undefined if one of them does not wait for a former key. */
export function withoutUndeliverable(
  file: StoreFile,
  { id, state }: Contact,
  messages: readonly Message[],
  present: Uint8Array,
): ContactState | undefined {
  const waiting = readUndeliverable(file, state.name, present)
  let after = state
  for (const { position, ordinal, event } of messages) {
    const isWaiting = waiting.some((each) => {
      return each.position.batch === position.batch && each.position.index === position.index
    })
    const [numbered] = file.batches.readWhatOpens(id, position.batch, position.batch)
    if (!isWaiting || numbered?.batch === undefined) return undefined
    const key = after.keys[numbered.batch.key] as KeyState
    const dropped = withRange(key.outgoing.dropped, [ordinal, ordinal])
    after = withKey(after, numbered.batch.key, { ...key, outgoing: { ...key.outgoing, dropped } })
    if (event.kind?.$case === 'fileOffer')
      endOffer(file, event.eventId.toString('hex'), numbered.batch.storedAt.getTime())
  }
  return after
}

/** An offer that goes to nobody waits for no answer. */
function endOffer(file: StoreFile, id: string, atMs: number): void {
  const [rowId, row] = file.transfers.find(id) ?? []
  if (rowId === undefined || row?.state !== 'offered') return
  file.transfers.update(rowId, stepped(row, 'cancelled', atMs))
}

/**
 * What there is with each contact, in short: what is unread, for whom something waits, and who is to be told something.
 *
 * @module
 */
import { type ContactState, waitingCount } from '../rows/contact-state.ts'
import type { StoreFile } from '../store-file.ts'
import { readPage } from './history.ts'
import type { Gap, Message } from './messages.ts'

/** A contact, in a list of them. */
export interface ContactSummary {
  readonly name: string
  /** How many received events the user has not read. */
  readonly unread: number
  /** The newest message. */
  readonly last: Message | Gap | undefined
}

/** The messages that wait for one identity key of a contact. */
export interface WaitingSummary {
  readonly name: string
  /** The identity key; undefined for what waits for whichever key comes first. */
  readonly identityKey: Uint8Array | undefined
  readonly count: number
}

/** All contacts with any message, sent or received. */
export function readSummaries(file: StoreFile): ContactSummary[] {
  return statesIn(file).map((state) => summaryOf(file, state))
}

/** One of {@link readSummaries}; undefined if there is none of that name. */
export function readSummary(file: StoreFile, name: string): ContactSummary | undefined {
  const found = file.read(() => file.contacts.named(name))
  return found && summaryOf(file, found.state)
}

function summaryOf(file: StoreFile, { name, keys }: ContactState): ContactSummary {
  return {
    name,
    unread: keys.reduce((sum, { received, read }) => sum + received - read, 0),
    last: readPage(file, name, { limit: 1 })[0],
  }
}

/** The messages that wait for an acknowledgement, by identity key. Reads no messages. */
export function readWaiting(file: StoreFile): WaitingSummary[] {
  return statesIn(file).flatMap(({ name, keys }) => {
    const counts = keys.map(({ identityKey, outgoing }) => ({ name, identityKey, count: waitingCount(outgoing) }))
    return counts.filter(({ count }) => count > 0)
  })
}

/** Those of whom letters came in, and who were not told yet how far they are stored. Reads no messages. */
export function readUnanswered(file: StoreFile): string[] {
  const unanswered = statesIn(file).filter(({ keys }) => keys.some(({ isUnanswered = false }) => isUnanswered))
  return unanswered.map(({ name }) => name)
}

function statesIn(file: StoreFile): ContactState[] {
  return file.read(() => file.contacts.all().map(({ state }) => state))
}

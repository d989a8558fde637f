/**
 * What there is with each contact, in short: what is unread, what waits, and who is to be told something.
 *
 * @module
 */
import { postedCount } from '../log/posted.ts'
import { type ContactState, waitingCount } from '../rows/contact-state.ts'
import type { StoreFile } from '../store-file.ts'
import { readPage } from './history.ts'
import type { Gap, Message } from './messages.ts'

/** A contact, in a list of them. */
export interface ContactSummary {
  readonly name: string
  /** How many received events the user has not read. */
  readonly unread: number
  /** How many events wait for an acknowledgement, whichever key they were written for. */
  readonly waiting: number
  /** How many of those lie in their mailbox. */
  readonly posted: number
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
export function readSummaries(file: StoreFile, nowMs: number): ContactSummary[] {
  return statesIn(file).map((state) => summaryOf(file, state, nowMs))
}

/** One of {@link readSummaries}; undefined if there is none of that name. */
export function readSummary(file: StoreFile, name: string, nowMs: number): ContactSummary | undefined {
  const found = file.read(() => file.contacts.named(name))
  return found && summaryOf(file, found.state, nowMs)
}

function summaryOf(file: StoreFile, { name, keys }: ContactState, nowMs: number): ContactSummary {
  return {
    name,
    unread: keys.reduce((sum, { received, read }) => sum + received - read, 0),
    waiting: keys.reduce((sum, { outgoing }) => sum + waitingCount(outgoing), 0),
    posted: keys.reduce((sum, { outgoing }) => sum + postedCount(outgoing, nowMs), 0),
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

/**
 * Reading conversations back: in pages from the newest, or whole from the oldest.
 *
 * The store is read in runs, each a transaction of its own, so that neither a writer nor the event loop waits for a long
 * conversation.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { DamagedBatch, NumberedBatch } from '../rows/batches.ts'
import type { ContactState } from '../rows/contact-state.ts'
import type { StoreFile } from '../store-file.ts'
import { type Gap, type Message, messagesOf, type Position } from './messages.ts'

/** How many batches are read in one go. A batch is one message in a slow conversation, some hundred in a burst. */
const RUN = 256

export interface PageOptions {
  /** The position of the oldest message of the page before; unset for the newest page. */
  readonly before?: Position | undefined
  /** The number of messages, at most. */
  readonly limit: number
}

/** The next messages back from a position, the newest first; fewer than the limit only at the beginning. */
export function readPage(file: StoreFile, name: string, { before, limit }: PageOptions): (Message | Gap)[] {
  return file.read(() => {
    const contact = file.contacts.named(name)
    const page: (Message | Gap)[] = []
    if (contact === undefined) return page
    const isEarlier = ({ position: { batch, index } }: Message | Gap): boolean => {
      return before === undefined || batch < before.batch || (batch === before.batch && index < before.index)
    }
    let last = Math.min(before?.batch ?? contact.state.lastBatch, contact.state.lastBatch)
    // A page of a burst lies in one batch and one of a slow conversation in as many as it has messages: so runs grow.
    for (let length = 1; last >= 1 && page.length < limit; length = Math.min(2 * length, limit)) {
      const first = Math.max(1, last - length + 1)
      const run = file.batches.readWhatOpens(contact.id, first, last)
      for (const batch of run.reverse()) page.push(...messagesOf(contact.state, batch).filter(isEarlier).reverse())
      last = first - 1
    }
    return page.slice(0, limit)
  })
}

/** The next messages behind a position, the oldest first; fewer than the limit only at the end. */
export function readPageAfter(file: StoreFile, name: string, after: Position, limit: number): (Message | Gap)[] {
  return file.read(() => {
    const contact = file.contacts.named(name)
    const page: (Message | Gap)[] = []
    if (contact === undefined) return page
    const { lastBatch } = contact.state
    const isLater = ({ position: { batch, index } }: Message | Gap): boolean => {
      return batch > after.batch || (batch === after.batch && index > after.index)
    }
    let first = Math.max(1, after.batch)
    for (let length = 1; first <= lastBatch && page.length < limit; length = Math.min(2 * length, limit)) {
      const run = file.batches.readWhatOpens(contact.id, first, Math.min(lastBatch, first + length - 1))
      for (const batch of run) page.push(...messagesOf(contact.state, batch).filter(isLater))
      first += length
    }
    return page.slice(0, limit)
  })
}

/** A run of a conversation's batches, with the conversation's state when they were read. */
export interface Run {
  readonly contact: ContactState
  readonly batches: readonly (NumberedBatch | DamagedBatch)[]
}

/** Every batch of these conversations, or of all; in each from the oldest. Other work gets its turn between two runs. */
export async function* readRuns(file: StoreFile, names?: readonly string[]): AsyncGenerator<Run> {
  for (const id of file.read(() => wanted(file, names))) {
    for (let first = 1; ; first += RUN) {
      const run = file.read(() => readRun(file, id, first))
      if (run === undefined) break
      yield run
      await setImmediate()
    }
  }
}

function wanted(file: StoreFile, names: readonly string[] | undefined): number[] {
  const contacts = file.contacts.all()
  return contacts.filter(({ state }) => names === undefined || names.includes(state.name)).map(({ id }) => id)
}

function readRun(file: StoreFile, id: number, first: number): Run | undefined {
  const contact = file.contacts.get(id)
  if (contact === undefined || first > contact.state.lastBatch) return undefined
  const last = Math.min(contact.state.lastBatch, first + RUN - 1)
  return { contact: contact.state, batches: file.batches.readWhatOpens(id, first, last) }
}

/** Every message of these conversations, or of all; in each from the oldest. */
export async function* readMessages(file: StoreFile, names?: readonly string[]): AsyncGenerator<Message | Gap> {
  for await (const { contact, batches } of readRuns(file, names)) {
    for (const batch of batches) yield* messagesOf(contact, batch)
  }
}

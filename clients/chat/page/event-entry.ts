/**
 * Entries for events: what the page of a conversation shows of an event of each kind.
 *
 * @module
 */
import type { Event, FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { type ByKind, byKind } from '#lib/delivery/event-kind.ts'
import type { Entry } from '../screen/entry.ts'

/** What an entry needs beside its event. */
export interface EntryParts extends Pick<Entry, 'id' | 'who' | 'own'> {
  /** The text for an offer of files; asked for at once, or not at all. */
  readonly offerText: (offer: FileOffer) => string
}

/** The entry for an event, less its time; undefined for one that {@link isEntry} says is none. */
export function entryOf(event: Event, { id, who, own, offerText }: EntryParts): Omit<Entry, 'time'> | undefined {
  return byKind<Omit<Entry, 'time'> | undefined>(event, {
    text: ({ body }) => ({ id, kind: 'message', who, own, text: body.toString('utf8') }),
    fileOffer: (offer) => ({ id, kind: 'file', who, own, text: offerText(offer) }),
    fileStatus: () => undefined,
  })
}

/** Whether an event is an entry of its own. What has become of a file shows where it was offered. */
export function isEntry(event: Event): boolean {
  return byKind(event, IS_ENTRY)
}

const IS_ENTRY: ByKind<boolean> = { text: () => true, fileOffer: () => true, fileStatus: () => false }

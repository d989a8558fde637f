/**
 * Searching all that was ever sent and received: batch by batch, because there is no index of their content on the disk.
 *
 * A text matches if it holds every word that was asked for, anywhere, with no regard to case or to how characters are
 * composed (Unicode, NFKC and full case conversion: straße finds STRASSE, é finds e with an accent after it). Words are
 * not told apart by language, so that a search works where none stand between spaces. An offer of files is found by
 * their names.
 *
 * @module
 */
import { isAscii } from 'node:buffer'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { type ByKind, byKind } from '#lib/delivery/event-kind.ts'
import { decodeEvent } from '#lib/delivery/text-event.ts'
import type { StoreFile } from '../store-file.ts'
import { readRuns } from './history.ts'
import { type Gap, gapAt, type Message, messageAt } from './messages.ts'

/**
 * Find the messages that hold all words of a query.
 *
 * @param words - Separated by white space; with none of them nothing is found.
 * @param names - Whose conversations to search; all unless set.
 * @returns them as they are found, in each conversation from the oldest; and the gaps, which might have held more.
 */
export async function* searchMessages(
  file: StoreFile,
  words: string,
  names?: readonly string[],
): AsyncGenerator<Message | Gap> {
  const wanted = fold(words).split(/\s+/u).filter(Boolean)
  if (wanted.length === 0) return
  for await (const { contact, batches } of readRuns(file, names)) {
    for (const { number, batch } of batches) {
      if (batch === undefined) yield gapAt(contact.name, number)
      for (const [index, encoded] of batch?.events.entries() ?? []) {
        const event = decodeEvent(encoded)
        if (batch && holds(event, wanted)) yield messageAt(contact, { number, batch }, index, event)
      }
    }
  }
}

function holds(event: Event, wanted: readonly string[]): boolean {
  const text = byKind(event, SEARCHED)
  if (text === undefined) return false
  const folded = isAscii(text) ? text.toString('latin1').toLowerCase() : fold(text.toString('utf8'))
  return wanted.every((word) => folded.includes(word))
}

const LINE_FEED = Buffer.from('\n')

/** The part of an event that is searched, in UTF-8. */
const SEARCHED: ByKind<Buffer | undefined> = {
  text: ({ body }) => body,
  fileOffer: ({ entries, manifest }) =>
    manifest?.name ?? Buffer.concat(entries.flatMap(({ path }) => [path, LINE_FEED])),
  fileStatus: () => undefined,
}

// Upper case first, because that is where one letter becomes two: ß is SS, and both signs of a Greek sigma are one.
function fold(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
}

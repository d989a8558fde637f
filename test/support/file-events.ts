/**
 * Events about files, for tests of code that shows or stores them.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type Event, type FileEntry, FileEntryType, FileStatusState } from '#gen/sotto/peer/v1/record.ts'
import { encodeFileEvent, parseEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES, SHA256_BYTES } from '#lib/delivery/limits.ts'

/** Files by their paths, with sizes in bytes. A path that ends in a slash is an empty folder. */
export type Files = Readonly<Record<string, number>>

/** An offer as an event that came; {@link encodedFileEvent} makes one to send of it. */
export function offered(files: Files, eventId: Uint8Array = randomBytes(EVENT_ID_BYTES)): Event {
  const entries = Object.entries(files).map(([path, size]) => entry(path, size))
  return event(eventId, { $case: 'fileOffer', value: { entries } })
}

/** The status of an offer, as an event that came. */
export function statusOf({ eventId: offerId }: Event, state: keyof typeof FileStatusState): Event {
  const value = { offerId, state: FileStatusState[state] }
  return event(randomBytes(EVENT_ID_BYTES), { $case: 'fileStatus', value })
}

export function encodedFileEvent({ eventId, kind, writtenAt = new Date(0) }: Event): Uint8Array {
  if (kind === undefined || kind.$case === 'text') throw new TypeError('not about files')
  return encodeFileEvent({ eventId, writtenAt, kind })
}

function event(eventId: Uint8Array, kind: Parameters<typeof encodeFileEvent>[0]['kind']): Event {
  return parseEvent(encodeFileEvent({ eventId, writtenAt: new Date(0), kind }))
}

function entry(path: string, size: number): FileEntry {
  const folder = path.endsWith('/')
  const sha256 = Buffer.alloc(folder ? 0 : SHA256_BYTES)
  return {
    path: Buffer.from(path.replace(/\/$/, '')),
    size: BigInt(size),
    sha256,
    type: folder ? FileEntryType.FOLDER : FileEntryType.FILE,
  }
}

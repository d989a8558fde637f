/**
 * Events about files as people and scripts get to see them, wherever events are shown.
 *
 * @module
 */
import {
  type Event,
  FileEntryType,
  type FileOffer,
  type FileStatus,
  FileStatusState,
} from '#gen/sotto/peer/v1/record.ts'
import { sizeOf } from '#lib/delivery/file-events.ts'
import { summaryOf, type TransferState } from '../../store/transfers/transfer.ts'
import { offerText, titleText } from './describe.ts'

/** The state of an offer, in one word for scripts. */
export type StatusName = Exclude<TransferState, 'offered'>

const STATUS_NAMES: Readonly<Record<FileStatusState, StatusName | undefined>> = {
  [FileStatusState.UNSPECIFIED]: undefined,
  [FileStatusState.ACCEPTED]: 'accepted',
  [FileStatusState.DECLINED]: 'declined',
  [FileStatusState.RECEIVED]: 'received',
  [FileStatusState.CANCELLED]: 'cancelled',
  [FileStatusState.SAVE_FAILED]: 'save-failed',
  [FileStatusState.DAMAGED]: 'damaged',
  [FileStatusState.SOURCE_CHANGED]: 'source-changed',
}

/** The words for people about a file event. */
export const STATUS_TEXTS: Readonly<Record<StatusName, string>> = {
  accepted: 'accepted',
  declined: 'declined',
  received: 'received',
  cancelled: 'cancelled',
  'save-failed': 'could not be kept by its receiver',
  damaged: 'came damaged',
  'source-changed': 'was changed or removed before it was there',
}

/** How many hexadecimal digits of an offer's id name it to people: one in 4 billion is another. */
export const SHORT_ID_DIGITS = 8

/** The short id by which people and commands call an offer. */
export function shortId(offerId: Uint8Array): string {
  return Buffer.from(offerId).toString('hex').slice(0, SHORT_ID_DIGITS)
}

export function offerOf({ kind }: Event): FileOffer | undefined {
  return kind?.$case === 'fileOffer' ? kind.value : undefined
}

export function statusOf({ kind }: Event): FileStatus | undefined {
  return kind?.$case === 'fileStatus' ? kind.value : undefined
}

/** The one word for a status. */
export function statusName({ state }: FileStatus): StatusName {
  const name = STATUS_NAMES[state]
  if (name === undefined) throw new TypeError('a status of no known state')
  return name
}

/**
 * Events about files as sentences. A status names its offer by an id alone: where the offer was shown before, it gets
 * its name.
 */
export class FileSentences {
  readonly #titles = new Map<string, string>()

  /** `report.pdf, 3.4 MB` or `report.pdf received`, safe for a terminal; undefined for an event about something else. */
  of(event: Event): string | undefined {
    const offer = offerOf(event)
    if (offer !== undefined) {
      this.#titles.set(event.eventId.toString('hex'), titleText(summaryOf(offer)))
      return offerText(offer)
    }
    const status = statusOf(event)
    if (status === undefined) return undefined
    const title = this.#titles.get(status.offerId.toString('hex')) ?? shortId(status.offerId)
    return `${title} ${STATUS_TEXTS[statusName(status)]}`
  }
}

/** Fields of JSON, by their names, with the type of the whole. */
export interface FileFields extends Readonly<Record<string, unknown>> {
  readonly type: 'file' | 'fileStatus'
}

/**
 * The JSON fields of an event about files, with its type: `{"type":"file","size":…,"entries":[…]}` for an offer, and
 * `{"type":"fileStatus","file":…,"status":…}` for the state of one; undefined for an event about something else.
 */
export function fileFields(event: Event): FileFields | undefined {
  const offer = offerOf(event)
  if (offer !== undefined) return { type: 'file', size: sizeOf(offer), entries: offer.entries.map(entryFields) }
  const status = statusOf(event)
  if (status === undefined) return undefined
  return { type: 'fileStatus', file: status.offerId.toString('hex'), status: statusName(status) }
}

function entryFields({ path, size, sha256, type }: FileOffer['entries'][number]): object {
  const name = path.toString('utf8')
  if (type === FileEntryType.FOLDER) return { path: name, folder: true }
  const executable = type === FileEntryType.EXECUTABLE
  return { path: name, size: Number(size), sha256: sha256.toString('hex'), ...(executable && { executable }) }
}

/**
 * Events about files as people and scripts get to see them, wherever events are shown.
 *
 * @module
 */
import { FileEntryType, type FileOffer, type FileStatus, FileStatusState } from '#gen/sotto/peer/v1/record.ts'
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

  /** `report.pdf, 3.4 MB` for an offer, safe for a terminal. */
  ofOffer(eventId: Buffer, offer: FileOffer): string {
    this.#titles.set(eventId.toString('hex'), titleText(summaryOf(offer)))
    return offerText(offer)
  }

  /** `report.pdf received` for a status, safe for a terminal. */
  ofStatus(status: FileStatus): string {
    const title = this.#titles.get(status.offerId.toString('hex')) ?? shortId(status.offerId)
    return `${title} ${STATUS_TEXTS[statusName(status)]}`
  }
}

/**
 * The JSON fields of an offer, with its type: `{"type":"file","size":…,"entries":[…]}`, or where these have no room in an
 * event `{"type":"file","size":…,"name":…,"files":…}`.
 */
export function offerFields(offer: FileOffer) {
  const { name, files, size } = summaryOf(offer)
  if (offer.manifest !== undefined) return { type: 'file', size, name, files } as const
  return { type: 'file', size: sizeOf(offer), entries: offer.entries.map(entryFields) } as const
}

/** The JSON fields of what has become of an offer, with its type: `{"type":"fileStatus","file":…,"status":…}`. */
export function statusFields(status: FileStatus) {
  return { type: 'fileStatus', file: status.offerId.toString('hex'), status: statusName(status) } as const
}

function entryFields({ path, size, sha256, type }: FileOffer['entries'][number]): object {
  const name = path.toString('utf8')
  if (type === FileEntryType.FOLDER) return { path: name, folder: true }
  const executable = type === FileEntryType.EXECUTABLE
  return { path: name, size: Number(size), sha256: sha256.toString('hex'), ...(executable && { executable }) }
}

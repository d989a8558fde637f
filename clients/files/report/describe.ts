/**
 * The words for people about files: sizes, rates, offers and progress.
 *
 * All of it may stand on a terminal. A name is whatever the other side has chosen, so it is escaped, and quoted where it
 * could be taken for a part of the sentence.
 *
 * @module
 */
import type { FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { summaryOf, type Transfer } from '../../store/transfers/transfer.ts'
import { escapeName } from '../../terminal/escape.ts'

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'] as const

/** A number of bytes in decimal units: `999 B`, `3.4 MB`, `34 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`
  let value = bytes / 1_000
  let unit = 0
  // What would be rounded to 1000 is one of the next unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`
}

/** `3.4 MB/s`. */
export function rateText(bytesPerSecond: number): string {
  return `${sizeText(bytesPerSecond)}/s`
}

/** `12 s left`, `3 min left`, `1 h 5 min left`, `2 days left`. */
export function remainingText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000))
  if (seconds < 100) return `${seconds} s left`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 100) return `${minutes} min left`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h left` : `${hours} h ${minutes % 60} min left`
  return `${Math.round(hours / 24)} days left`
}

/**
 * The signs that could be taken for the end of a name: a sign of ours behind it, spaces that are not seen, a quotation
 * mark.
 */
const AMBIGUOUS = /[,;:"()]|\s\s|^\s|\s$/u

/** Letters that are written from right to left would take the numbers behind them along. */
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u

const [FIRST_STRONG_ISOLATE, POP_ISOLATE] = ['\u2068', '\u2069']

/** A name of a file, or a path, as a sentence may have it. */
export function nameText(name: string): string {
  const harmless = escapeName(name)
  const quoted = AMBIGUOUS.test(name) ? `"${harmless.replaceAll('"', '\\"')}"` : harmless
  return RIGHT_TO_LEFT.test(name) ? FIRST_STRONG_ISOLATE + quoted + POP_ISOLATE : quoted
}

/** The content of an offer in words: `report.pdf, 3.4 MB`, or `photos/ with 132 files, 1.2 GB`. */
export function offerText(offer: FileOffer): string {
  return contentText(summaryOf(offer))
}

/** The summary of an offer. */
export type Content = Pick<Transfer, 'name' | 'files' | 'size'>

export function contentText({ name, files, size }: Content): string {
  return `${titleText({ name, files })}${files === undefined ? ',' : ` with ${countText(files)},`} ${sizeText(size)}`
}

/** The name alone, with a slash behind that of a folder. */
export function titleText({ name, files }: Pick<Content, 'name' | 'files'>): string {
  return files === undefined ? nameText(name) : `${nameText(name)}/`
}

function countText(files: number): string {
  return files === 1 ? '1 file' : `${files} files`
}

/** How fast something goes now, as far as it is known. */
export interface Pace {
  /** The rate in bytes a second. */
  readonly rate?: number | undefined
  readonly remainingMs?: number | undefined
}

/** How far something has come: `1.2 of 3.4 MB (35 %), 1.1 MB/s, 2 s left`. */
export function progressText(done: number, total: number, { rate, remainingMs }: Pace = {}): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
  const parts = [`${partText(done, total)} (${percent} %)`]
  if (rate !== undefined) parts.push(rate === 0 ? 'stalled' : rateText(rate))
  if (remainingMs !== undefined && done < total) parts.push(remainingText(remainingMs))
  return parts.join(', ')
}

/** The unit once, where both have the same. */
function partText(done: number, total: number): string {
  const [one, unit] = sizeText(done).split(' ') as [string, string]
  const other = sizeText(total)
  return other.endsWith(` ${unit}`) ? `${one} of ${other}` : `${one} ${unit} of ${other}`
}

/** A transfer in one line, whatever has become of it: `report.pdf, 1.2 of 3.4 MB (35 %), 1.1 MB/s, 2 s left`. */
export function transferText(transfer: Transfer, pace: Pace = {}): string {
  const { state, position, size, isPaused } = transfer
  if (isPaused) return `${state === 'accepted' ? pausedText(transfer) : contentText(transfer)}, ${waitText(transfer)}`
  if (state !== 'accepted') return `${contentText(transfer)}, ${stateText(transfer)}`
  if (position === 0 && pace.rate === undefined) return `${contentText(transfer)}, accepted`
  return `${titleText(transfer)}, ${progressText(position, size, pace)}`
}

function pausedText(transfer: Transfer): string {
  return `${titleText(transfer)}, ${progressText(transfer.position, transfer.size)}`
}

/** For what a transfer waits that is paused. */
function waitText({ direction }: Pick<Transfer, 'direction'>): string {
  return direction === 'uploading' ? 'waits: the other side cannot save it now' : 'waits: it cannot be saved here now'
}

/** The state of a transfer, as a part of a sentence about it. */
export function stateText({ state, direction, path }: Pick<Transfer, 'state' | 'direction' | 'path'>): string {
  const isGiven = direction === 'uploading'
  if (state === 'received' && !isGiven && path !== undefined) return `received as ${nameText(path)}`
  if (state === 'save-failed') return isGiven ? 'could not be kept at the other end' : 'could not be kept here'
  if (state === 'damaged') return 'came damaged, and was thrown away'
  if (state === 'source-changed')
    return isGiven ? 'was changed or removed here' : 'was changed or removed at the other end'
  return state
}

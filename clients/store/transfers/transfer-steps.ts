/**
 * The steps of transfers that are received from the other side, as they change the rows of a store. Each function runs
 * inside a transaction of its caller.
 *
 * @module
 */
import type { Event, FileOffer } from '#gen/sotto/peer/v1/record.ts'
import type { TransferPlace, TransferRow, TransferRows } from '../rows/transfer-rows.ts'
import { afterReceiving, isOver, summaryOf, type TransferState } from './transfer.ts'

/** How many offers of one person may wait for an answer. What comes beyond that is as if it had not been offered. */
export const MAX_UNANSWERED = 64

/**
 * How many transfers from one person are kept after their end: what they offer and take back would grow without end, and
 * all are read at each step. What was sent of older ones is in the history.
 */
export const MAX_PAST_DOWNLOADS = 1_000

/** A transfer is no longer where it was when the step was decided. */
export class Overtaken extends Error {}

/**
 * Inside a transaction: take in what was heard of files from whom a place stands for. What is out of order, of an offer
 * that is not theirs, or one too many, changes nothing.
 */
export function receiveFileEvents(
  transfers: TransferRows,
  place: TransferPlace,
  events: readonly Event[],
  nowMs: number,
): void {
  if (events.every(({ kind }) => kind?.$case === 'text')) return
  // Read once, for a record may have a thousand of them.
  const known = new Map(
    transfers
      .all()
      .entries()
      .map(([rowId, row]) => [row.id, { rowId, row }]),
  )
  const put = (rowId: number, row: TransferRow): void => void known.set(row.id, { rowId, row })
  let unanswered = countUnanswered(
    known.values().map(({ row }) => row),
    place,
  )
  for (const { eventId, kind } of events) {
    if (kind?.$case === 'fileOffer') {
      const id = eventId.toString('hex')
      if (unanswered >= MAX_UNANSWERED || known.has(id)) continue
      const row = offeredRow(place, id, kind.value, nowMs)
      put(transfers.insert(row, kind.value), row)
      unanswered += 1
    }
    if (kind?.$case === 'fileStatus') {
      const { rowId, row } = known.get(kind.value.offerId.toString('hex')) ?? {}
      const next = row && isAt(row, place) ? afterReceiving(row, kind.value.state) : undefined
      if (rowId === undefined || row === undefined || next === undefined) continue
      const after = stepped(row, next, nowMs)
      transfers.update(rowId, after)
      put(rowId, after)
      if (isUnanswered(row)) unanswered -= 1
    }
  }
  forgetPast(transfers, place, known.values())
}

function forgetPast(
  transfers: TransferRows,
  { contactId }: TransferPlace,
  known: Iterable<{ readonly rowId: number; readonly row: TransferRow }>,
): void {
  const past = [...known].filter(
    ({ row }) => row.contactId === contactId && row.direction === 'downloading' && isOver(row),
  )
  if (past.length <= MAX_PAST_DOWNLOADS) return
  const oldestFirst = past.sort((one, other) => one.row.atMs - other.row.atMs || one.rowId - other.rowId)
  for (const { rowId } of oldestFirst.slice(0, -MAX_PAST_DOWNLOADS)) transfers.remove(rowId)
}

function countUnanswered(rows: Iterable<TransferRow>, { contactId }: TransferPlace): number {
  return [...rows].filter((row) => row.contactId === contactId && isUnanswered(row)).length
}

function isUnanswered({ direction, state }: TransferRow): boolean {
  return direction === 'downloading' && state === 'offered'
}

function offeredRow(place: TransferPlace, id: string, offer: FileOffer, atMs: number): TransferRow {
  const { contactId, key } = place
  const status = { direction: 'downloading', state: 'offered', position: 0, path: undefined } as const
  return { contactId, key, id, ...summaryOf(offer), ...status, atMs }
}

export function stepped(row: TransferRow, state: TransferState, atMs: number): TransferRow {
  return { ...row, state, atMs, isPaused: undefined, position: state === 'received' ? row.size : row.position }
}

export function isAt(one: TransferPlace, other: TransferPlace): boolean {
  return one.contactId === other.contactId && one.key === other.key
}

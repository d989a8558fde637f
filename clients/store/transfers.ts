/**
 * Transfers of files in a store. Each step that is said to the other side is put down together with the event that says
 * it, and each that is heard together with the event that was heard: so both ends agree whatever ends in between.
 *
 * @module
 */
import type { Event, FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { encodeFileEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES } from '#lib/delivery/limits.ts'
import type { Mailbox } from './mailbox.ts'
import type { Random } from './row-seal.ts'
import type { StoreFile } from './store-file.ts'
import { afterHearing, isOver, mayBecome, STATUS_OF, summaryOf, type Transfer, type TransferState } from './transfer.ts'
import type { TransferPlace, TransferRow, TransferRows } from './transfer-rows.ts'

/** How many offers of one person may wait for an answer. What comes beyond that is as if it had not been offered. */
export const MAX_UNANSWERED = 64

/**
 * How many transfers from one person are kept after their end: what they offer and take back would grow without end, and
 * all are read at each step. What was said of older ones is in the history.
 */
export const MAX_PAST_GETTING = 1_000

/** A transfer with what only the engine needs of it. */
export interface PlacedTransfer extends Transfer, TransferPlace {
  readonly goal: string | undefined
}

export interface StoredTransfersOptions {
  readonly file: StoreFile
  readonly random: Random
  readonly now: () => Date
  readonly mailboxAt: (place: TransferPlace) => Mailbox
}

export class StoredTransfers {
  readonly #options: StoredTransfersOptions

  constructor(options: StoredTransfersOptions) {
    this.#options = options
  }

  /** All that there are, the oldest first. */
  list(): PlacedTransfer[] {
    const { file } = this.#options
    return file.read(() => {
      const rows = [...file.transfers.all().values()]
      return rows.flatMap((row) => {
        const contact = file.contacts.get(row.contactId)
        return contact === undefined ? [] : [transferOf(row, contact.state.name)]
      })
    })
  }

  get(id: string): PlacedTransfer | undefined {
    return this.list().find((transfer) => transfer.id === id)
  }

  /** What is offered, entry by entry. */
  offerOf(id: string): FileOffer | undefined {
    const { file } = this.#options
    return file.read(() => file.transfers.offer(id))
  }

  /**
   * Offer something to whom a mailbox is for. It waits there like any message.
   *
   * @param path - Where it lies, absolute.
   * @returns the id of the transfer, and the ordinal of the event, to look for in {@link Mailbox.progress}.
   * @throws SottoError as {@link Mailbox.append}; `ERR_MESSAGE_TOO_LARGE` for more files than an event has room for.
   */
  offer(mailbox: Mailbox, { offer, path }: { readonly offer: FileOffer; readonly path: string }) {
    const writtenAt = this.#options.now()
    const eventId = this.#options.random(EVENT_ID_BYTES)
    const event = encodeFileEvent({ eventId, writtenAt, kind: { $case: 'fileOffer', value: offer } })
    const id = Buffer.from(eventId).toString('hex')
    const ordinal = mailbox.append([event], (place) => {
      const row = {
        ...place,
        id,
        ...summaryOf(offer),
        direction: 'giving',
        state: 'offered',
        position: 0,
        path,
      } as const
      this.#options.file.transfers.insert({ ...row, atMs: writtenAt.getTime() }, offer)
    })
    return { id, ordinal }
  }

  /**
   * Take a transfer to a state, and say so to the other side.
   *
   * @param path - What becomes of {@link Transfer.path}, if anything does.
   * @returns the ordinal of the event; undefined if it cannot go there from where it is, or is not there.
   * @throws SottoError as {@link Mailbox.append}.
   */
  settle(id: string, state: Exclude<TransferState, 'offered'>, path?: string): number | undefined {
    const transfer = this.get(id)
    if (transfer === undefined || !mayBecome(transfer, state)) return undefined
    const { file, random, now, mailboxAt } = this.#options
    const writtenAt = now()
    const value = { offerId: Buffer.from(id, 'hex'), state: STATUS_OF[state] }
    const kind = { $case: 'fileStatus', value } as const
    const event = encodeFileEvent({ eventId: random(EVENT_ID_BYTES), writtenAt, kind })
    try {
      return mailboxAt(transfer).append([event], () => {
        // Another process may have come between.
        const [rowId, row] = file.transfers.find(id) ?? []
        if (rowId === undefined || row === undefined || !mayBecome(row, state)) throw new Overtaken()
        file.transfers.update(rowId, stepped({ ...row, path: path ?? row.path }, state, writtenAt.getTime()))
      })
    } catch (error) {
      if (error instanceof Overtaken) return undefined
      throw error
    }
  }

  /** Note up to where the getter has it. It is for others to look at, and lost with a loss of power. */
  notePosition(id: string, position: number): void {
    this.#note('process', id, { position })
  }

  /** Note what it is to be, before it becomes that. */
  noteGoal(id: string, goal: string): void {
    this.#note('disk', id, { goal })
  }

  #note(durability: 'disk' | 'process', id: string, changes: Partial<TransferRow>): void {
    const { file } = this.#options
    file.write(durability, () => {
      const [rowId, row] = file.transfers.find(id) ?? []
      if (rowId !== undefined && row !== undefined) file.transfers.update(rowId, { ...row, ...changes })
    })
  }
}

/** A transfer is no longer where it was when the step was decided. */
class Overtaken extends Error {}

/**
 * Inside a transaction: take in what was heard of files from whom a place stands for. What is out of order, of an offer
 * that is not theirs, or one too many, changes nothing.
 */
export function hearOfFiles(
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
      const next = row && isAt(row, place) ? afterHearing(row, kind.value.state) : undefined
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
  const past = [...known].filter(({ row }) => row.contactId === contactId && row.direction === 'getting' && isOver(row))
  if (past.length <= MAX_PAST_GETTING) return
  const oldestFirst = past.sort((one, other) => one.row.atMs - other.row.atMs || one.rowId - other.rowId)
  for (const { rowId } of oldestFirst.slice(0, -MAX_PAST_GETTING)) transfers.remove(rowId)
}

function countUnanswered(rows: Iterable<TransferRow>, { contactId }: TransferPlace): number {
  return [...rows].filter((row) => row.contactId === contactId && isUnanswered(row)).length
}

function isUnanswered({ direction, state }: TransferRow): boolean {
  return direction === 'getting' && state === 'offered'
}

function offeredRow(place: TransferPlace, id: string, offer: FileOffer, atMs: number): TransferRow {
  const { contactId, key } = place
  const standing = { direction: 'getting', state: 'offered', position: 0, path: undefined } as const
  return { contactId, key, id, ...summaryOf(offer), ...standing, atMs }
}

function stepped(row: TransferRow, state: TransferState, atMs: number): TransferRow {
  return { ...row, state, atMs, position: state === 'received' ? row.size : row.position }
}

export function isAt(one: TransferPlace, other: TransferPlace): boolean {
  return one.contactId === other.contactId && one.key === other.key
}

function transferOf({ atMs, files, path, goal, ...row }: TransferRow, contact: string): PlacedTransfer {
  // What is undefined, JSON leaves out.
  return { ...row, contact, files, path, goal, at: new Date(atMs) }
}

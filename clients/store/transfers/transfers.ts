/**
 * Transfers of files in a store. Each step that is sent to the other side is put down together with the event that says
 * it, and each that is received together with the event that was received: so both ends agree whatever ends in between.
 *
 * @module
 */
import type { FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { encodeFileEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES } from '#lib/delivery/limits.ts'
import { announced } from '#lib/delivery/manifest.ts'
import type { WritePermission } from '#lib/trust/permission.ts'
import type { Random } from '../disk/row-seal.ts'
import type { MessageLog } from '../log/message-log.ts'
import type { TransferPlace, TransferRow } from '../rows/transfer-rows.ts'
import type { StoreFile } from '../store-file.ts'
import { mayBecome, STATUS_OF, summaryOf, type Transfer, type TransferState } from './transfer.ts'
import { Overtaken, stepped } from './transfer-steps.ts'

/** A transfer with what only the engine needs of it. */
export interface PlacedTransfer extends Transfer, TransferPlace {
  readonly targetPath: string | undefined
}

export interface StoredTransfersOptions {
  readonly file: StoreFile
  readonly random: Random
  readonly now: () => Date
  readonly messageLogAt: (place: TransferPlace) => MessageLog
}

export class StoredTransfers {
  readonly #options: StoredTransfersOptions

  constructor(options: StoredTransfersOptions) {
    this.#options = options
  }

  /** All transfers, the oldest first. */
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

  /** The offer of a transfer, entry by entry. */
  offerOf(id: string): FileOffer | undefined {
    const { file } = this.#options
    return file.read(() => file.transfers.offer(id))
  }

  /**
   * Offer something to whom a message log is for. It waits there like any message.
   *
   * @param path - Where it lies, absolute.
   * @returns the id of the transfer, and the ordinal of the event, to look for in {@link MessageLog.progress}.
   * @param permission - To write to them, asked for now.
   * @throws SottoError as {@link MessageLog.append}; `ERR_MESSAGE_TOO_LARGE` for more files than an event has room for.
   */
  offer(
    permission: WritePermission,
    messageLog: MessageLog,
    { offer, path }: { readonly offer: FileOffer; readonly path: string },
  ) {
    const writtenAt = this.#options.now()
    const eventId = this.#options.random(EVENT_ID_BYTES)
    const event = encodeFileEvent({ eventId, writtenAt, kind: { $case: 'fileOffer', value: announced(offer) } })
    const id = Buffer.from(eventId).toString('hex')
    const ordinal = messageLog.append(permission, [event], (place) => {
      const row = {
        ...place,
        id,
        ...summaryOf(offer),
        direction: 'uploading',
        state: 'offered',
        position: 0,
        path,
      } as const
      this.#options.file.transfers.insert({ ...row, atMs: writtenAt.getTime() }, offer)
    })
    return { id, ordinal }
  }

  /**
   * Accept an offer, and tell the other side.
   *
   * @param path - Where it is to come to.
   * @returns as {@link settle}.
   * @throws SottoError as {@link MessageLog.append}.
   */
  accept(permission: WritePermission, id: string, path: string): number | undefined {
    return this.#step(id, 'accepted', path, (messageLog, event, beside) => {
      return messageLog.append(permission, [event], beside)
    })
  }

  /**
   * Take a transfer to its end, and tell the other side.
   *
   * @param path - What becomes of {@link Transfer.path}, if anything does.
   * @returns the ordinal of the event; undefined if it cannot go there from where it is, or is not there.
   * @throws SottoError as {@link MessageLog.append}.
   */
  settle(id: string, state: Exclude<TransferState, 'offered' | 'accepted'>, path?: string): number | undefined {
    return this.#step(id, state, path, (messageLog, event, beside) => messageLog.appendEnd(event, beside))
  }

  #step(
    id: string,
    state: Exclude<TransferState, 'offered'>,
    path: string | undefined,
    append: (messageLog: MessageLog, event: Uint8Array, beside: () => void) => number,
  ): number | undefined {
    const transfer = this.get(id)
    if (transfer === undefined || !mayBecome(transfer, state)) return undefined
    const { file, random, now, messageLogAt } = this.#options
    const writtenAt = now()
    const value = { offerId: Buffer.from(id, 'hex'), state: STATUS_OF[state] }
    const kind = { $case: 'fileStatus', value } as const
    const event = encodeFileEvent({ eventId: random(EVENT_ID_BYTES), writtenAt, kind })
    try {
      return append(messageLogAt(transfer), event, () => {
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

  /** Note how much the receiver has. It is for other processes to show, and lost with a loss of power. */
  notePosition(id: string, position: number): void {
    this.#note('process', id, { position })
  }

  /** Note whether a transfer waits for room. It is for other processes to show, and lost with a loss of power. */
  notePaused(id: string, isPaused: boolean): void {
    this.#note('process', id, { isPaused: isPaused || undefined })
  }

  /** Note the path that a transfer is about to get. */
  noteTargetPath(id: string, targetPath: string): void {
    this.#note('disk', id, { targetPath })
  }

  /** Note the entries of an offer, which came as the beginning of its content. */
  noteEntries(id: string, offer: FileOffer): void {
    const { file } = this.#options
    file.write('disk', () => file.transfers.replaceOffer(id, offer))
  }

  #note(durability: 'disk' | 'process', id: string, changes: Partial<TransferRow>): void {
    const { file } = this.#options
    file.write(durability, () => {
      const [rowId, row] = file.transfers.find(id) ?? []
      if (rowId !== undefined && row !== undefined) file.transfers.update(rowId, { ...row, ...changes })
    })
  }
}

function transferOf({ atMs, files, path, targetPath, ...row }: TransferRow, contact: string): PlacedTransfer {
  // What is undefined, JSON leaves out.
  return { ...row, contact, files, path, targetPath, at: new Date(atMs) }
}

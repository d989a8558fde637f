/**
 * The table of transfers. A row is two seals under one key: the offer, which never changes, and its state, which does.
 *
 *     transfer.offer    a FileOffer in protobuf   bound to the row's id and "offer"
 *     transfer.sealed   a {@link TransferRow} in JSON   bound to the row's id
 *
 * The rows of a contact that is forgotten go with it. All methods are for use inside a transaction.
 *
 * @module
 */
import { FileOffer } from '#gen/sotto/peer/v1/record.ts'
import type { Transfer } from '../files/transfer.ts'
import { uint64 } from './contacts.ts'
import type { Database, Statement } from './database.ts'
import { type RowSeal, tagOf } from './row-seal.ts'

/** Which identity key of which contact a transfer belongs to. */
export interface TransferPlace {
  readonly contactId: number
  /** Which of the contact's identity keys, counted from 0. */
  readonly key: number
}

/** What is known of a transfer beside the offer. */
export interface TransferRow extends TransferPlace, Omit<Transfer, 'contact' | 'at'> {
  /** Set shortly before what came is given its name: what it is to be, absolute. */
  readonly goal?: string | undefined
  /** When its state changed last, Unix time in milliseconds. */
  readonly atMs: number
}

interface Known {
  readonly tag: Uint8Array
  readonly row: TransferRow
}

export class TransferRows {
  readonly #seal: RowSeal
  readonly #sql: Readonly<Record<'readAll' | 'readLast' | 'readOffer' | 'insert' | 'update' | 'remove', Statement>>
  readonly #tolerant: boolean
  /** By row id: what was opened already, good for as long as its tag is the same. */
  #opened = new Map<number, Known>()

  constructor(database: Database, seal: RowSeal, tolerant: boolean) {
    this.#seal = seal
    this.#tolerant = tolerant
    this.#sql = {
      readAll: database.prepare('select id, sealed from transfer order by id'),
      readLast: database.prepare('select max(id) from transfer'),
      readOffer: database.prepare('select offer from transfer where id = ?'),
      insert: database.prepare('insert into transfer (id, offer, sealed) values (?, ?, ?)'),
      update: database.prepare('update transfer set sealed = ? where id = ?'),
      remove: database.prepare('delete from transfer where id = ?'),
    }
  }

  /**
   * Every transfer by its row id, the oldest first.
   *
   * @throws SottoError `ERR_STORE_DAMAGED` if one does not open.
   */
  all(): ReadonlyMap<number, TransferRow> {
    const opened = new Map<number, Known>()
    for (const [id, sealed] of this.#sql.readAll.all()) {
      const known = this.#open(id as number, sealed as Uint8Array)
      if (known !== undefined) opened.set(id as number, known)
    }
    this.#opened = opened
    return new Map(opened.entries().map(([id, { row }]) => [id, row]))
  }

  #open(id: number, sealed: Uint8Array): Known | undefined {
    const known = this.#opened.get(id)
    if (known !== undefined && Buffer.compare(known.tag, tagOf(sealed)) === 0) return known
    try {
      const row = JSON.parse(this.#seal.open(uint64(id), sealed).toString('utf8')) as TransferRow
      return { tag: tagOf(sealed), row }
    } catch (error) {
      if (this.#tolerant) return undefined
      throw error
    }
  }

  /** The row of a transfer, and its id in the table. */
  find(transferId: string): readonly [number, TransferRow] | undefined {
    return this.all()
      .entries()
      .find(([, { id }]) => id === transferId)
  }

  /** @throws SottoError `ERR_STORE_DAMAGED` if it does not open. */
  offer(id: number): FileOffer | undefined {
    const sealed = this.#sql.readOffer.all(id)[0]?.[0]
    return sealed instanceof Uint8Array ? FileOffer.decode(this.#seal.open(offerRow(id), sealed)) : undefined
  }

  /** @returns the id of the new row: rows are numbered in the order of their coming. */
  insert(row: TransferRow, offer: FileOffer): number {
    const id = ((this.#sql.readLast.all()[0]?.[0] as number | null) ?? 0) + 1
    this.#sql.insert.run(id, this.#seal.seal(offerRow(id), FileOffer.encode(offer).finish()), this.#sealed(id, row))
    return id
  }

  update(id: number, row: TransferRow): void {
    this.#sql.update.run(this.#sealed(id, row), id)
  }

  #sealed(id: number, row: TransferRow): Uint8Array {
    return this.#seal.seal(uint64(id), Buffer.from(JSON.stringify(row), 'utf8'))
  }

  remove(id: number): void {
    this.#sql.remove.run(id)
  }

  /** Remove all transfers with a contact. */
  removeAll(contactId: number): void {
    for (const [id, row] of this.all()) if (row.contactId === contactId) this.remove(id)
  }
}

function offerRow(id: number): Uint8Array {
  return Buffer.concat([uint64(id), Buffer.from('offer')])
}

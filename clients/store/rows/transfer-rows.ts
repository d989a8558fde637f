/**
 * The table of transfers. A row is two seals under one key: the offer, which changes only where its entries come later, and
 * its state.
 *
 *     transfer.offer    a FileOffer in protobuf         bound to the transfer's id
 *     transfer.sealed   a {@link TransferRow} in JSON   bound to the row's number
 *     head.sealed       vouches for SHA-256 over (number, tag of its state) of every row
 *
 * The rows of a contact that is forgotten go with it. All methods are for use inside a transaction.
 *
 * @module
 */
import { FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { isSame } from '#lib/same-bytes.ts'
import type { Database, Statement } from '../disk/database.ts'
import { digestOfRows, type RowSeal, tagOf, uint64 } from '../disk/row-seal.ts'
import { damaged } from '../disk/sqlite-errors.ts'
import type { Transfer } from '../transfers/transfer.ts'
import type { Contacts } from './contacts.ts'
import { inCurrentWords } from './former-names.ts'

/** The identity key, and its contact, that a transfer belongs to. */
export interface TransferPlace {
  readonly contactId: number
  /** The index of the contact's identity key, counted from 0. */
  readonly key: number
}

/** The facts about a transfer beside the offer. */
export interface TransferRow extends TransferPlace, Omit<Transfer, 'contact' | 'at'> {
  /** The path that what came is about to get, absolute; set shortly before it gets it. */
  readonly targetPath?: string | undefined
  /** The time of its last change of state, Unix time in milliseconds. */
  readonly atMs: number
}

type SealedRow = readonly [id: number, sealed: Uint8Array]

interface Known {
  readonly tag: Uint8Array
  readonly row: TransferRow
}

export interface TransferRowsOptions {
  readonly database: Database
  readonly seal: RowSeal
  /** The contacts, whose head vouches for the rows. */
  readonly contacts: Contacts
  /** Leave out what does not open, instead of refusing the whole. */
  readonly tolerant: boolean
}

export class TransferRows {
  readonly #seal: RowSeal
  readonly #contacts: Contacts
  readonly #sql: Readonly<
    Record<'readAll' | 'readLast' | 'readOffer' | 'insert' | 'replaceOffer' | 'update' | 'remove', Statement>
  >
  readonly #tolerant: boolean
  /** The rows that were opened already, by id, good for as long as their tags are the same. */
  #opened = new Map<number, Known>()
  /** Whether this transaction has changed any, so that the head does not vouch for them yet. */
  #isChanged = false

  constructor({ database, seal, contacts, tolerant }: TransferRowsOptions) {
    this.#seal = seal
    this.#contacts = contacts
    this.#tolerant = tolerant
    this.#sql = {
      readAll: database.prepare('select id, sealed from transfer order by id'),
      readLast: database.prepare('select max(id) from transfer'),
      readOffer: database.prepare('select offer from transfer where id = ?'),
      insert: database.prepare('insert into transfer (id, offer, sealed) values (?, ?, ?)'),
      replaceOffer: database.prepare('update transfer set offer = ? where id = ?'),
      update: database.prepare('update transfer set sealed = ? where id = ?'),
      remove: database.prepare('delete from transfer where id = ?'),
    }
  }

  /**
   * Every transfer by its row id, the oldest first.
   *
   * @throws SottoError `ERR_STORE_DAMAGED` if one does not open, is missing, or was put back.
   */
  all(): ReadonlyMap<number, TransferRow> {
    const rows = this.#read()
    if (!this.#isChanged && !this.#tolerant) this.#check(rows)
    const opened = new Map<number, Known>()
    for (const [id, sealed] of rows) {
      const known = this.#open(id, sealed)
      if (known !== undefined) opened.set(id, known)
    }
    this.#opened = opened
    return new Map(opened.entries().map(([id, { row }]) => [id, row]))
  }

  #check(rows: readonly SealedRow[]): void {
    if (this.#contacts.vouchesForTransfers(digestOf(rows))) return
    throw damaged('the transfers in the store are not those that were written there')
  }

  #read(): SealedRow[] {
    return this.#sql.readAll.all() as [number, Uint8Array][]
  }

  #open(id: number, sealed: Uint8Array): Known | undefined {
    const known = this.#opened.get(id)
    if (known !== undefined && isSame(known.tag, tagOf(sealed))) return known
    try {
      const row = JSON.parse(this.#seal.open(uint64(id), sealed).toString('utf8'), inCurrentWords) as TransferRow
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

  /** The offer of a transfer. @throws SottoError `ERR_STORE_DAMAGED` if it does not open. */
  offer(transferId: string): FileOffer | undefined {
    const [id] = this.find(transferId) ?? []
    const sealed = id === undefined ? undefined : this.#sql.readOffer.all(id)[0]?.[0]
    return sealed instanceof Uint8Array ? FileOffer.decode(this.#seal.open(offerRow(transferId), sealed)) : undefined
  }

  /**
   * @returns the id of the new row: rows are numbered in the order of their coming.
   * @throws SottoError `ERR_STORE_DAMAGED` as {@link all}. So do all that change rows.
   */
  insert(row: TransferRow, offer: FileOffer): number {
    const id = ((this.#sql.readLast.all()[0]?.[0] as number | null) ?? 0) + 1
    this.#change('insert', id, this.#sealedOffer(row.id, offer), this.#sealed(id, row))
    return id
  }

  /** Put the offer of a transfer in the place of what was known of it. */
  replaceOffer(transferId: string, offer: FileOffer): void {
    const [id] = this.find(transferId) ?? []
    if (id !== undefined) this.#change('replaceOffer', this.#sealedOffer(transferId, offer), id)
  }

  #sealedOffer(transferId: string, offer: FileOffer): Uint8Array {
    return this.#seal.seal(offerRow(transferId), FileOffer.encode(offer).finish())
  }

  update(id: number, row: TransferRow): void {
    this.#change('update', this.#sealed(id, row), id)
  }

  #sealed(id: number, row: TransferRow): Uint8Array {
    return this.#seal.seal(uint64(id), Buffer.from(JSON.stringify(row), 'utf8'))
  }

  remove(id: number): void {
    this.#change('remove', id)
  }

  #change(verb: 'insert' | 'replaceOffer' | 'update' | 'remove', ...values: readonly (number | Uint8Array)[]): void {
    // The head is to vouch for all that there is, so not for what others have put there or taken away.
    if (!this.#isChanged) this.#check(this.#read())
    this.#isChanged = true
    this.#sql[verb].run(...values)
  }

  /** Have the head vouch for what a transaction has changed, at its end. */
  seal(): void {
    if (!this.#isChanged) return
    this.#contacts.sealTransfers(digestOf(this.#read()))
    this.#isChanged = false
  }

  /** The transaction was undone. */
  invalidate(): void {
    this.#isChanged = false
  }

  /** Remove all transfers with a contact. */
  removeAll(contactId: number): void {
    for (const [id, row] of this.all()) if (row.contactId === contactId) this.remove(id)
  }
}

function offerRow(transferId: string): Uint8Array {
  return Buffer.concat([Buffer.from('offer'), Buffer.from(transferId, 'hex')])
}

function digestOf(rows: readonly SealedRow[]): Buffer {
  return digestOfRows(rows.map(([id, sealed]) => [id, tagOf(sealed)]))
}

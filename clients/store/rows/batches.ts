/**
 * The table of batches: by contact and number, written once, read in runs.
 *
 * @module
 */

import type { Database, Statement } from '../disk/database.ts'
import type { RowSeal } from '../disk/row-seal.ts'
import { uint64 } from '../disk/row-seal.ts'
import { type Batch, decodeBatch, encodeBatch } from './batch.ts'

/** A batch where it lies. */
export interface NumberedBatch {
  readonly number: number
  readonly batch: Batch
}

/** A batch that is missing, or does not open. */
export interface DamagedBatch {
  readonly number: number
  readonly batch: undefined
}

/** Row ids leave 32 bits for the number, so that a contact's batches lie side by side, and 21 for the contact. */
const NUMBERS_PER_CONTACT = 2 ** 32

export class Batches {
  readonly #seal: RowSeal
  readonly #insert: Statement
  readonly #read: Statement
  readonly #remove: Statement

  constructor(database: Database, seal: RowSeal) {
    this.#seal = seal
    this.#insert = database.prepare('insert into batch (id, sealed) values (?, ?)')
    this.#read = database.prepare('select id, sealed from batch where id between ? and ? order by id')
    this.#remove = database.prepare('delete from batch where id between ? and ?')
  }

  insert(contact: number, number: number, batch: Batch): void {
    const id = rowId(contact, number)
    this.#insert.run(id, this.#seal.seal(uint64(id), encodeBatch(batch)))
  }

  /** Read the batches from one number to another, both included; in place of one that is damaged stands its number. */
  readWhatOpens(contact: number, from: number, to: number): (NumberedBatch | DamagedBatch)[] {
    const rows = this.#read.all(rowId(contact, from), rowId(contact, to)).values()
    let row = rows.next().value
    const batches: (NumberedBatch | DamagedBatch)[] = []
    for (let number = from; number <= to; number += 1) {
      const id = rowId(contact, number)
      const isThere = row?.[0] === id
      batches.push({ number, batch: isThere ? this.#open(id, row?.[1] as Uint8Array) : undefined })
      if (isThere) row = rows.next().value
    }
    return batches
  }

  #open(id: number, sealed: Uint8Array): Batch | undefined {
    try {
      return decodeBatch(this.#seal.open(uint64(id), sealed))
    } catch {
      return undefined
    }
  }

  /** Remove all batches of a contact. */
  removeAll(contact: number): void {
    this.#remove.run(rowId(contact, 0), rowId(contact + 1, 0) - 1)
  }
}

function rowId(contact: number, number: number): number {
  return contact * NUMBERS_PER_CONTACT + number
}

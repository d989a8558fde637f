/**
 * The row of what a profile keeps for letters: one, sealed. All methods are for use inside a transaction.
 *
 * @module
 */
import type { Database, Statement } from '../disk/database.ts'
import { type RowSeal, uint64 } from '../disk/row-seal.ts'
import { decodeLetterState, encodeLetterState, type LetterState, NO_LETTERS } from './letter-state.ts'

const ROW_ID = 1

export class LetterRow {
  readonly #seal: RowSeal
  readonly #read: Statement
  readonly #write: Statement

  constructor(database: Database, seal: RowSeal) {
    this.#seal = seal
    this.#read = database.prepare('select sealed from letter_state where id = 1')
    this.#write = database.prepare('insert or replace into letter_state (id, sealed) values (?, ?)')
  }

  /** @throws SottoError `ERR_STORE_DAMAGED` if it does not open. */
  get(): LetterState {
    const [row] = this.#read.all()
    if (row === undefined) return NO_LETTERS
    return decodeLetterState(this.#seal.open(uint64(ROW_ID), row[0] as Uint8Array))
  }

  save(state: LetterState): void {
    this.#write.run(ROW_ID, this.#seal.seal(uint64(ROW_ID), encodeLetterState(state)))
  }
}

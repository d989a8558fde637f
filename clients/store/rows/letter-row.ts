/**
 * The row of what a profile keeps for letters: one, sealed. All methods are for use inside a transaction.
 *
 * @module
 */
import { isSame } from '#lib/same-bytes.ts'
import type { Database, Statement } from '../disk/database.ts'
import { type RowSeal, uint64 } from '../disk/row-seal.ts'
import { decodeLetterState, encodeLetterState, type LetterState, NO_LETTERS } from './letter-state.ts'

const ROW_ID = 1

export class LetterRow {
  readonly #seal: RowSeal
  readonly #read: Statement
  readonly #write: Statement
  /** What was opened or sealed last, good for as long as the row is that: it is large, and asked for with each letter. */
  #known: { readonly sealed: Uint8Array; readonly state: LetterState } | undefined

  constructor(database: Database, seal: RowSeal) {
    this.#seal = seal
    this.#read = database.prepare('select sealed from letter_state where id = 1')
    this.#write = database.prepare('insert or replace into letter_state (id, sealed) values (?, ?)')
  }

  /** @throws SottoError `ERR_STORE_DAMAGED` if it does not open. */
  get(): LetterState {
    const [row] = this.#read.all()
    if (row === undefined) return NO_LETTERS
    const sealed = row[0] as Uint8Array
    if (this.#known === undefined || !isSame(this.#known.sealed, sealed)) {
      this.#known = { sealed, state: decodeLetterState(this.#seal.open(uint64(ROW_ID), sealed)) }
    }
    return this.#known.state
  }

  save(state: LetterState): void {
    const sealed = this.#seal.seal(uint64(ROW_ID), encodeLetterState(state))
    this.#write.run(ROW_ID, sealed)
    this.#known = { sealed, state }
  }
}

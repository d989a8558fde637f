/**
 * The file of a store, opened under its keys: transactions over contacts and batches.
 *
 * All keys come from the profile key and the store's id, which is drawn when the file is made:
 *
 *     HKDF-SHA256(ikm = profile key, salt = store id, info = "sotto store … v1"), 32 bytes
 *       head, contact, batch, transfer, letters   AES-256-GCM keys, one for each table
 *       name                             HMAC-SHA256 key for name hashes
 *       key id                           stands in the clear, to tell a wrong key from a damaged file
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import type { Database, Durability } from './disk/database.ts'
import { deriveStoreKey, type Random, RowSeal } from './disk/row-seal.ts'
import { migrate } from './disk/schema.ts'
import { damaged } from './disk/sqlite-errors.ts'
import { Batches } from './rows/batches.ts'
import { Contacts } from './rows/contacts.ts'
import { LetterRow } from './rows/letter-row.ts'
import { TransferRows } from './rows/transfer-rows.ts'

const STORE_ID_BYTES = 16

export interface StoreFileOptions {
  readonly database: Database
  readonly profileKey: Secret
  readonly random: Random
  /** Open a damaged store for reading, to get out of it what can be read. */
  readonly tolerant: boolean
}

export class StoreFile {
  readonly contacts: Contacts
  readonly batches: Batches
  readonly transfers: TransferRows
  readonly letters: LetterRow
  readonly #database: Database
  readonly #tolerant: boolean
  /** What is to be done once the writings that are made {@link together} are committed; undefined while none are. */
  #afterCommit: (() => void)[] | undefined

  /**
   * Open a store, or make one in an empty file.
   *
   * @throws SottoError `ERR_STORE_KEY` if it was made under another profile key; `ERR_STORE_DAMAGED` if it was changed
   *   from outside; `ERR_STORE` if it is of a newer version.
   */
  constructor({ database, profileKey, random, tolerant }: StoreFileOptions) {
    const open = (storeId: Uint8Array) => {
      const keyOf = (purpose: string): Secret => deriveStoreKey(profileKey, storeId, `sotto store ${purpose} v1`)
      const headSeal = new RowSeal(keyOf('head'), random)
      const contactSeal = new RowSeal(keyOf('contact'), random)
      const contacts = new Contacts({ database, headSeal, contactSeal, nameKey: keyOf('name'), tolerant })
      const batches = new Batches(database, new RowSeal(keyOf('batch'), random))
      const transferSeal = new RowSeal(keyOf('transfer'), random)
      const transfers = new TransferRows({ database, seal: transferSeal, contacts, tolerant })
      const letters = new LetterRow(database, new RowSeal(keyOf('letters'), random))
      return { keyId: keyOf('key id'), contacts, batches, transfers, letters }
    }
    migrate(database, () => {
      const storeId = random(STORE_ID_BYTES)
      const { keyId, contacts } = open(storeId)
      const insert = database.prepare('insert into head (id, store_id, key_id, sealed) values (1, ?, ?, ?)')
      insert.run(storeId, keyId.reveal(), contacts.sealNewHead())
    })
    const [storeId, keyIdThere] = readHead(database)
    const { keyId, contacts, batches, transfers, letters } = open(storeId)
    if (!keyId.equals(keyIdThere)) throw wrongKey()
    this.contacts = contacts
    this.batches = batches
    this.transfers = transfers
    this.letters = letters
    this.#database = database
    this.#tolerant = tolerant
    this.read(() => undefined)
  }

  /** Run reads that all see one state, with the contacts as they are in it. */
  read<T>(work: () => T): T {
    if (this.#afterCommit !== undefined) return work()
    return this.#database.read(() => {
      this.contacts.refresh()
      return work()
    })
  }

  /**
   * Run writes that happen all or not at all.
   *
   * @throws SottoError `ERR_STORE_DAMAGED` if the store was opened in spite of its damage.
   */
  write<T>(durability: Durability, work: () => T): T {
    return this.#afterCommit === undefined ? this.#commit(durability, work) : work()
  }

  /**
   * Run several writings as one, and so with one commit: all of them happen or none.
   *
   * @throws SottoError as {@link write}, and whatever one of them throws.
   */
  together<T>(durability: Durability, work: () => T): T {
    const after: (() => void)[] = []
    const result = this.#commit(durability, () => {
      this.#afterCommit = after
      try {
        return work()
      } finally {
        this.#afterCommit = undefined
      }
    })
    for (const each of after) each()
    return result
  }

  /** Take note in memory of what was written: now, or when all that is written {@link together} with it is committed. */
  afterCommit(note: () => void): void {
    if (this.#afterCommit === undefined) note()
    else this.#afterCommit.push(note)
  }

  #commit<T>(durability: Durability, work: () => T): T {
    if (this.#tolerant) throw damaged('a damaged store is not written to')
    try {
      return this.#database.write(durability, () => {
        this.contacts.refresh()
        const result = work()
        this.transfers.seal()
        this.contacts.seal()
        return result
      })
    } catch (error) {
      this.contacts.invalidate()
      this.transfers.invalidate()
      throw error
    }
  }

  /**
   * Leave nothing of what was deleted in the log that SQLite writes ahead of the file.
   *
   * @returns false if another process is reading just now, and the log stays until it has ended.
   */
  truncateLog(): boolean {
    const [busy] = this.#database.prepare('pragma wal_checkpoint(truncate)').all()[0] ?? []
    return busy === 0
  }
}

function readHead(database: Database): [storeId: Uint8Array, keyId: Uint8Array] {
  const [head] = database.prepare('select store_id, key_id from head where id = 1').all()
  if (head === undefined) throw damaged('the first row of the store is missing')
  return head as unknown as [Uint8Array, Uint8Array]
}

function wrongKey(): SottoError {
  return new SottoError('ERR_STORE_KEY', 'the store belongs to another profile key', {
    hint: 'put store.db and profile.key back from one backup; nothing was overwritten',
  })
}

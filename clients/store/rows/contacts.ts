/**
 * The contacts of a store, and the seal over them.
 *
 *     contact.sealed   under the contact key, bound to id and name hash
 *     head.sealed      under the head key, bound to SHA-256 over (id, tag) of every contact row
 *
 * A contact's state counts its batches, and the head vouches for the contacts and for the transfers: whoever takes a row
 * away, puts one in or puts an older one back breaks the seal above it. Only the whole store can be put back to what it
 * was, which the contacts' own stores notice (docs/protocol.md, section 6).
 *
 * All methods are for use inside a transaction.
 *
 * @module
 */
import { createHmac } from 'node:crypto'
import type { Secret } from '#lib/secret.ts'
import type { Database, Statement } from '../disk/database.ts'
import { digestOfRows, type RowSeal, tagOf, uint64 } from '../disk/row-seal.ts'
import { damaged } from '../disk/sqlite-errors.ts'
import { type ContactState, decodeContact, encodeContact } from './contact-state.ts'

export interface Contact {
  /** Never used again, not even when the contact was forgotten. */
  readonly id: number
  readonly state: ContactState
}

export interface ContactsOptions {
  readonly database: Database
  readonly headSeal: RowSeal
  readonly contactSeal: RowSeal
  readonly nameKey: Secret
  /** Leave out what does not open, instead of refusing the whole. */
  readonly tolerant: boolean
}

/** The fields of the head beside its seal. */
interface Head {
  readonly nextContact: number
  /** The digest of the transfers' rows, in hexadecimal digits. */
  readonly transfers: string
}

const NEW_HEAD: Head = { nextContact: 1, transfers: digestOfRows([]).toString('hex') }

interface Known extends Contact {
  readonly nameHash: Uint8Array
  readonly tag: Uint8Array
}

export class Contacts {
  readonly #database: Database
  readonly #headSeal: RowSeal
  readonly #contactSeal: RowSeal
  readonly #nameKey: Secret
  readonly #tolerant: boolean
  readonly #sql: Readonly<Record<'readHead' | 'writeHead' | 'readAll' | 'insert' | 'update' | 'remove', Statement>>
  /** The contacts by id, ascending, as the tables hold them as of `#dataVersion`. */
  #known = new Map<number, Known>()
  #head: Head = NEW_HEAD
  /** Whether the head in the tables vouches for what they held before. */
  #isHeadStale = false
  #dataVersion: number | undefined

  constructor({ database, headSeal, contactSeal, nameKey, tolerant }: ContactsOptions) {
    this.#database = database
    this.#headSeal = headSeal
    this.#contactSeal = contactSeal
    this.#nameKey = nameKey
    this.#tolerant = tolerant
    this.#sql = {
      readHead: database.prepare('select sealed from head where id = 1'),
      writeHead: database.prepare('update head set sealed = ? where id = 1'),
      readAll: database.prepare('select id, name_hash, sealed from contact order by id'),
      insert: database.prepare('insert into contact (id, name_hash, sealed) values (?, ?, ?)'),
      update: database.prepare('update contact set sealed = ? where id = ?'),
      remove: database.prepare('delete from contact where id = ?'),
    }
  }

  /**
   * Take in what other processes have changed; cheap where they have not.
   *
   * @throws SottoError `ERR_STORE_DAMAGED` if a seal is broken.
   */
  refresh(): void {
    const dataVersion = this.#database.dataVersion()
    if (dataVersion === this.#dataVersion) return
    this.#known = new Map()
    for (const [id, nameHash, sealed] of this.#sql.readAll.all()) {
      this.#load(id as number, nameHash as Uint8Array, sealed as Uint8Array)
    }
    this.#loadHead()
    this.#dataVersion = dataVersion
  }

  /** A transaction was undone, so what is known may not be what the tables hold. */
  invalidate(): void {
    this.#dataVersion = undefined
    this.#isHeadStale = false
  }

  #load(id: number, nameHash: Uint8Array, sealed: Uint8Array): void {
    try {
      const state = decodeContact(this.#contactSeal.open(contactRow(id, nameHash), sealed))
      this.#known.set(id, { id, state, nameHash, tag: tagOf(sealed) })
    } catch (error) {
      if (!this.#tolerant) throw error
    }
  }

  #loadHead(): void {
    const sealed = this.#sql.readHead.all()[0]?.[0]
    try {
      if (!(sealed instanceof Uint8Array)) throw damaged('the first row of the store is missing')
      const head = JSON.parse(this.#headSeal.open(this.#digest(), sealed).toString('utf8'))
      // One from before there were transfers has none.
      this.#head = { ...NEW_HEAD, ...head }
    } catch (error) {
      if (!this.#tolerant) throw error
    }
  }

  /** Put the head into tables that were just made. */
  sealNewHead(): Uint8Array {
    return this.#sealHead(NEW_HEAD)
  }

  #sealHead(head: Head): Uint8Array {
    return this.#headSeal.seal(this.#digest(), Buffer.from(JSON.stringify(head), 'utf8'))
  }

  #digest(): Uint8Array {
    return digestOfRows(this.#known.values().map(({ id, tag }) => [id, tag]))
  }

  /** Vouch for the transfers as they are now. @param digest - Of their rows. */
  sealTransfers(digest: Uint8Array): void {
    this.#head = { ...this.#head, transfers: Buffer.from(digest).toString('hex') }
    this.#isHeadStale = true
  }

  /** Have the head vouch for what the tables hold now. To be called at the end of each transaction that writes. */
  seal(): void {
    if (!this.#isHeadStale) return
    this.#sql.writeHead.run(this.#sealHead(this.#head))
    this.#isHeadStale = false
  }

  /** Whether these are the transfers that were written. */
  vouchesForTransfers(digest: Uint8Array): boolean {
    return this.#head.transfers === Buffer.from(digest).toString('hex')
  }

  all(): readonly Contact[] {
    return [...this.#known.values()]
  }

  get(id: number): Contact | undefined {
    return this.#known.get(id)
  }

  named(name: string): Contact | undefined {
    return this.#known.values().find(({ state }) => state.name === name)
  }

  add(state: ContactState): Contact {
    const id = this.#head.nextContact
    this.#head = { ...this.#head, nextContact: id + 1 }
    const nameHash = this.#hashName(state.name)
    const sealed = this.#sealContact({ id, state, nameHash })
    this.#sql.insert.run(id, nameHash, sealed)
    return this.#note({ id, state, nameHash, tag: tagOf(sealed) })
  }

  /** @throws TypeError if there is no such contact, or it has another name. */
  save({ id, state }: Contact): void {
    const known = this.#known.get(id)
    if (known?.state.name !== state.name) throw new TypeError('that is no contact of this store')
    const sealed = this.#sealContact({ ...known, state })
    this.#sql.update.run(sealed, id)
    this.#note({ ...known, state, tag: tagOf(sealed) })
  }

  #sealContact({ id, state, nameHash }: Omit<Known, 'tag'>): Uint8Array {
    return this.#contactSeal.seal(contactRow(id, nameHash), encodeContact(state))
  }

  #note(known: Known): Contact {
    this.#known.set(known.id, known)
    this.#isHeadStale = true
    return known
  }

  remove(id: number): void {
    this.#sql.remove.run(id)
    this.#known.delete(id)
    this.#isHeadStale = true
  }

  // So that no two rows can be of one name, without the name.
  #hashName(name: string): Uint8Array {
    return createHmac('sha256', this.#nameKey.reveal()).update(name).digest()
  }
}

function contactRow(id: number, nameHash: Uint8Array): Uint8Array {
  return Buffer.concat([uint64(id), nameHash])
}

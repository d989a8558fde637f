/**
 * What the disk has of one identity key of a contact, and the streams that are loaded of it, which are kept in step.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Durability } from '../disk/database.ts'
import { type ContactState, type KeyState, withKey } from '../rows/contact-state.ts'
import type { Contact } from '../rows/contacts.ts'
import type { TransferPlace } from '../rows/transfer-rows.ts'
import type { StoreFile } from '../store-file.ts'
import type { Appended } from './appending.ts'
import { LoadedStreams } from './loaded-streams.ts'

/** What a step makes of the state, and what it gives. */
export interface Change<T> extends Appended {
  readonly result: T
}

export interface WriteOptions {
  /** What the change outlives. */
  readonly durability: Durability
  /** As for {@link LoadedStreams.applyTo}; all unless set. */
  readonly said?: 'all' | 'exactly'
}

export class KeyRow {
  readonly file: StoreFile
  /** The place in the store. */
  readonly place: TransferPlace
  /** The streams; undefined as long as nobody has asked for them. */
  #loaded: LoadedStreams | undefined

  constructor(file: StoreFile, place: TransferPlace) {
    this.file = file
    this.place = place
  }

  get loaded(): LoadedStreams | undefined {
    return this.#loaded
  }

  /** Load the streams, if they are not. @throws SottoError `ERR_STORE_DAMAGED` if what waits cannot be read. */
  load(): LoadedStreams {
    this.#loaded ??= this.file.read(() => new LoadedStreams(this.file, this.find(), this.place.key))
    return this.#loaded
  }

  /** Have the streams loaded anew at the next {@link load}. */
  unload(): void {
    this.#loaded = undefined
  }

  /** Inside a transaction: the contact. @throws SottoError `ERR_STREAM_RENEWED` if it was forgotten meanwhile. */
  find(): Contact {
    const contact = this.file.contacts.get(this.place.contactId)
    if (contact !== undefined) return contact
    throw new SottoError('ERR_STREAM_RENEWED', 'the contact was forgotten meanwhile')
  }

  /** The state of the key; undefined if the contact was forgotten. */
  known(): KeyState | undefined {
    const contact = this.file.read(() => this.file.contacts.get(this.place.contactId))
    return contact && this.#keyOf(contact.state)
  }

  /** The state of the key. @throws SottoError as {@link find}. */
  state(): KeyState {
    return this.file.read(() => this.#keyOf(this.find().state))
  }

  /**
   * Change the state on the disk, in one step.
   *
   * @param change - Gives what becomes of the contact and of the key.
   * @throws SottoError as {@link find}, and what `change` throws: then nothing is changed.
   */
  write<T>({ durability, said = 'all' }: WriteOptions, change: (contact: ContactState, key: KeyState) => Change<T>): T {
    const loaded = this.#loaded
    // No loss of power takes back an id that the other side may hear: it may have left the former by then.
    const written = this.file.write(loaded?.isRenewed ? 'disk' : durability, () => {
      const found = this.find()
      const fresh = loaded?.readFresh(found)
      const key = this.#keyOf(found.state)
      const { contact, key: changed, batches, result } = change(found.state, loaded?.applyTo(key, said) ?? key)
      batches.forEach((batch, index) => {
        this.file.batches.insert(found.id, contact.lastBatch + 1 + index, batch)
      })
      const state = { ...withKey(contact, this.place.key, changed), lastBatch: contact.lastBatch + batches.length }
      this.file.contacts.save({ id: found.id, state })
      return { fresh, batches, state, result }
    })
    const { fresh, batches, state, result } = written
    // Only then: what is in memory must not run ahead of what is on the disk.
    this.file.afterCommit(() => {
      if (loaded === undefined || fresh === undefined) return
      loaded.take(fresh)
      loaded.note(state, batches)
    })
    return result
  }

  /**
   * Change the state of the key alone, which a crash of the machine may take back.
   *
   * @param said - As for {@link write}.
   * @throws SottoError as {@link write}.
   */
  note(change: (key: KeyState) => KeyState, said?: 'all' | 'exactly'): void {
    this.write({ durability: 'process', ...(said && { said }) }, (contact, key) => {
      return { contact, key: change(key), batches: [], result: undefined }
    })
  }

  #keyOf({ keys }: ContactState): KeyState {
    return keys[this.place.key] as KeyState
  }
}

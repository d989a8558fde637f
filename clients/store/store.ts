/**
 * A profile's store: what was sent and received, what waits, and what is known of the streams, encrypted on the disk.
 *
 * Everything is synchronous but the long readings. Several processes of a profile may open it at once; only the one that
 * owns the profile's channels may load a message log's streams.
 *
 * @module
 */
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { type Clock, systemClock } from '#lib/runtime/clock.ts'
import { isSame } from '#lib/same-bytes.ts'
import type { Secret } from '#lib/secret.ts'
import type { Database, Durability } from './disk/database.ts'
import { pooledRandom, type Random } from './disk/row-seal.ts'
import { dropUndeliverable, readUndeliverable } from './log/former-keys.ts'
import { MessageLog } from './log/message-log.ts'
import { type PageOptions, readMessages, readPage, readPageAfter } from './reading/history.ts'
import type { Gap, Message, Position } from './reading/messages.ts'
import { searchMessages } from './reading/search.ts'
import {
  type ContactSummary,
  readSummaries,
  readSummary,
  readUnanswered,
  readWaiting,
  type WaitingSummary,
} from './reading/summaries.ts'
import { readUndelivered, type Undelivered } from './reading/undelivered.ts'
import { readUnread, type UnreadGap, withRead } from './reading/unread.ts'
import { type ContactState, newContact, newKey, withKey } from './rows/contact-state.ts'
import type { Contact } from './rows/contacts.ts'
import type { LetterState } from './rows/letter-state.ts'
import type { TransferPlace } from './rows/transfer-rows.ts'
import { StoreFile } from './store-file.ts'
import { type Watch, watchStore } from './store-watch.ts'
import { StoredTransfers } from './transfers/transfers.ts'

export interface StoreOptions {
  readonly database: Database
  /** 32 bytes. */
  readonly profileKey: Secret
  readonly clock?: Clock
  readonly random?: Random
  /** Open a store in spite of its damage: what can be read is read, with gaps, and nothing is written. */
  readonly tolerant?: boolean
}

export class Store {
  /** Files and folders on their way. */
  readonly transfers: StoredTransfers
  readonly #database: Database
  readonly #file: StoreFile
  readonly #clock: Clock
  readonly #random: Random

  /** @throws SottoError `ERR_STORE_KEY`, `ERR_STORE_DAMAGED` or `ERR_STORE`, as {@link StoreFile} says. */
  constructor({ database, profileKey, clock = systemClock, random = pooledRandom(), tolerant = false }: StoreOptions) {
    this.#database = database
    this.#clock = clock
    this.#random = random
    this.#file = new StoreFile({ database, profileKey, random, tolerant })
    const file = this.#file
    const messageLogAt = (place: TransferPlace) =>
      new MessageLog({ file, ...place, random, nowMs: () => clock.now().getTime() })
    this.transfers = new StoredTransfers({ file, random, now: () => clock.now(), messageLogAt })
  }

  /**
   * The message log for one identity key of a contact, made if there is none.
   *
   * @param identityKey - 32 bytes. Undefined only where the caller knows none yet: what is written then goes to the first
   *   key that a message log is asked for, which is the one that was pinned. Where keys are known nevertheless, it goes to the
   *   newest of them: another process may have asked just now, or the caller got a restored backup back.
   */
  messageLog(name: string, identityKey: Uint8Array | undefined): MessageLog {
    const found = this.#file.read(() => findKey(this.#file.contacts.named(name), identityKey))
    const { contactId, key } = found ?? this.#file.write('disk', () => this.#makeKey(name, identityKey))
    return new MessageLog({
      file: this.#file,
      contactId,
      key,
      random: this.#random,
      nowMs: () => this.#clock.now().getTime(),
    })
  }

  #makeKey(name: string, identityKey: Uint8Array | undefined): { contactId: number; key: number } {
    const { contacts } = this.#file
    const contact = contacts.named(name) ?? contacts.add(newContact(name))
    // Another process may have made it between the look and this transaction.
    const found = findKey(contact, identityKey)
    if (found !== undefined) return found
    const { state, id } = contact
    const unaddressed = state.keys.findIndex((known) => known.identityKey === undefined)
    const key = unaddressed === -1 ? state.keys.length : unaddressed
    contacts.save({ id, state: this.#withAddress(state, key, identityKey) })
    return { contactId: id, key }
  }

  #withAddress(state: ContactState, key: number, identityKey: Uint8Array | undefined): ContactState {
    const own = identityKey && Uint8Array.from(identityKey)
    const known = state.keys[key]
    if (known !== undefined) return withKey(state, key, { ...known, identityKey: own })
    return { ...state, keys: [...state.keys, newKey(own, this.#random(STREAM_ID_BYTES))] }
  }

  /** The names of all contacts with any message, sent or received. Reads no messages. */
  names(): string[] {
    return this.#file.read(() => this.#file.contacts.all().map(({ state }) => state.name))
  }

  /** The messages that wait for an acknowledgement, by identity key. Reads no messages. */
  waiting(): WaitingSummary[] {
    return readWaiting(this.#file)
  }

  /** Those of whom letters came in, and who were not told yet how far they are stored. Reads no messages. */
  unanswered(): string[] {
    return readUnanswered(this.#file)
  }

  /** All contacts with any message, sent or received. */
  contacts(): ContactSummary[] {
    return readSummaries(this.#file)
  }

  /** One contact of {@link Store.contacts}. */
  contact(name: string): ContactSummary | undefined {
    return readSummary(this.#file, name)
  }

  /**
   * How many messages to a contact are not with them yet.
   *
   * @param present - The key that they have now, where one is known.
   */
  undelivered(name: string, present?: Uint8Array): Undelivered {
    return readUndelivered(this.#file, name, present, this.#clock.now().getTime())
  }

  /**
   * The oldest messages that were received from a contact and that the user has not seen, all from one identity key:
   * from the first that has any. Where some cannot be read stands one gap for them. Cheap where all is seen.
   *
   * @param options.limit - How many at most; fewer where they are large, but never none.
   */
  unread(name: string, options: { readonly limit: number }): (Message | UnreadGap)[] {
    return readUnread(this.#file, name, options)
  }

  /**
   * Note that the user has read what was received from a contact: all of it, or what came from one key up to a message.
   * What is marked stays marked. It outlives the process, and with a loss of power what was marked last comes again.
   *
   * @param through - As {@link Store.unread} gave it.
   */
  markRead(name: string, through?: Message | UnreadGap): void {
    const { contacts } = this.#file
    const marked = (state: ContactState | undefined) => state && withRead(state, through)
    const found = this.#file.read(() => contacts.named(name))
    if (found === undefined || marked(found.state) === found.state) return
    this.#file.write('process', () => {
      const contact = contacts.get(found.id)
      const state = marked(contact?.state)
      if (contact !== undefined && state !== undefined) contacts.save({ ...contact, state })
    })
  }

  /** The next messages of a conversation, back from a position, the newest first. */
  history(name: string, options: PageOptions): (Message | Gap)[] {
    return readPage(this.#file, name, options)
  }

  /** The next messages of a conversation, behind a position, the oldest first. */
  historyAfter(name: string, after: Position, limit: number): (Message | Gap)[] {
    return readPageAfter(this.#file, name, after, limit)
  }

  /** All messages of these contacts, or of all; of each from the oldest. */
  messages(names?: readonly string[]): AsyncGenerator<Message | Gap> {
    return readMessages(this.#file, names)
  }

  /** The messages that hold all of some words, separated by white space, whatever their case. */
  search(words: string, names?: readonly string[]): AsyncGenerator<Message | Gap> {
    return searchMessages(this.#file, words, names)
  }

  /**
   * Remove all that was sent to a contact and received from it, what waits included, and the contact itself. The files
   * are overwritten; what the disk under them keeps of old blocks is out of reach.
   *
   * @returns false if there is no such contact.
   */
  forget(name: string): boolean {
    const { contacts, batches, transfers } = this.#file
    const hasForgotten = this.#file.write('disk', () => {
      const contact = contacts.named(name)
      if (contact === undefined) return false
      batches.removeAll(contact.id)
      transfers.removeAll(contact.id)
      contacts.remove(contact.id)
      return true
    })
    if (hasForgotten) this.#file.truncateLog()
    return hasForgotten
  }

  /** The messages that wait for other keys of somebody than this one, the oldest first. */
  undeliverable(name: string, identityKey: Uint8Array): Message[] {
    return this.#file.read(() => readUndeliverable(this.#file, name, identityKey))
  }

  /**
   * Drop messages that wait for other keys of somebody than this one: they go to nobody. Of all or of none.
   *
   * @returns false if one of them waits no longer, or not for such a key.
   */
  drop(messages: readonly Message[], identityKey: Uint8Array): boolean {
    return this.#file.write('disk', () => dropUndeliverable(this.#file, messages, identityKey))
  }

  /** What is kept for letters. */
  letterState(): LetterState {
    return this.#file.read(() => this.#file.letters.get())
  }

  /** Change what is kept for letters. It is on the disk when this returns. */
  changeLetterState(change: (state: LetterState) => LetterState): void {
    this.#file.write('disk', () => this.#file.letters.save(change(this.#file.letters.get())))
  }

  /**
   * Store in one step what several message logs write, and what is noted beside it: all or nothing.
   *
   * @param durability - Of all of it; on the disk when this returns unless set.
   * @throws whatever one of them throws.
   */
  storeTogether<T>(work: () => T, durability: Durability = 'disk'): T {
    return this.#file.together(durability, work)
  }

  /** Call back after each commit of another process, and at least once for those of one moment. */
  watch(onChange: () => void): Watch {
    return watchStore(this.#database, onChange)
  }

  close(): void {
    this.#database.close()
  }
}

function findKey(
  contact: Contact | undefined,
  identityKey: Uint8Array | undefined,
): { contactId: number; key: number } | undefined {
  if (contact === undefined) return undefined
  const { keys } = contact.state
  const key = keys.findIndex((known) => isSame(known.identityKey, identityKey))
  if (key !== -1) return { contactId: contact.id, key }
  return identityKey === undefined && keys.length > 0 ? { contactId: contact.id, key: keys.length - 1 } : undefined
}

/**
 * A message log: all that waits for one identity key of a contact, and all that was received from it, on the disk.
 *
 * Any process of the profile may append. The one that owns the profile's channels also loads the streams, hands them to
 * the conversations, and keeps the disk in step:
 *
 *     append       outgoing events        before the promise to deliver them is given
 *     save         how far they are sent  before the record leaves
 *     store        incoming events        before they are acknowledged
 *
 * After a crash at any moment the streams go on from the disk, and the two ends agree in the next Resume on what is
 * still to be sent.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import type { StreamPair } from '#lib/delivery/stream-pair.ts'
import { encodeEvent } from '#lib/delivery/text-event.ts'
import { SottoError } from '#lib/errors.ts'
import { type LeftToPost, leftBehind, type NextLetter, writeLetter } from '#lib/letter/letter-streams.ts'
import type { ReceivePermission, WritePermission } from '#lib/trust/permission.ts'
import type { Durability } from '../disk/database.ts'
import type { Random } from '../disk/row-seal.ts'
import type { Message } from '../reading/messages.ts'
import { type ContactState, type KeyState, type PostedMark, withKey } from '../rows/contact-state.ts'
import type { Contact } from '../rows/contacts.ts'
import type { TransferPlace } from '../rows/transfer-rows.ts'
import type { StoreFile } from '../store-file.ts'
import { receiveFileEvents } from '../transfers/transfer-steps.ts'
import { type Appended, allHandedOver, hasDropped, leaveDropped, withEvents } from './appending.ts'
import { withoutUndeliverable } from './former-keys.ts'
import { LoadedStreams } from './loaded-streams.ts'
import { postedThrough, withPosted } from './posted.ts'
import { type Progress, progressOf } from './progress.ts'
import { ReceivedIds } from './received-ids.ts'
import { positionIn, withReceived } from './receiving.ts'

export interface MessageLogOptions {
  readonly file: StoreFile
  readonly contactId: number
  /** The index of the contact's identity key. */
  readonly key: number
  readonly random: Random
  /** This machine's clock, Unix time in milliseconds. */
  readonly nowMs: () => number
}

export class MessageLog {
  readonly #file: StoreFile
  readonly #contactId: number
  readonly #key: number
  readonly #random: Random
  readonly #nowMs: () => number
  #loaded: LoadedStreams | undefined
  readonly #receivedIds: ReceivedIds

  constructor({ file, contactId, key, random, nowMs }: MessageLogOptions) {
    this.#file = file
    this.#contactId = contactId
    this.#key = key
    this.#random = random
    this.#nowMs = nowMs
    this.#receivedIds = new ReceivedIds(file.batches, key)
  }

  /** The place of the log in the store. */
  get place(): TransferPlace {
    return { contactId: this.#contactId, key: this.#key }
  }

  /**
   * Add events behind all that was sent, in one step. They are on the disk when this returns.
   *
   * @param permission - Asked for now: to write to this contact, under this key.
   * @param events - Encoded, at least one.
   * @param beside - Puts down what belongs to them, in the same step.
   * @returns the ordinal of the last, to look for in {@link progress}.
   * @throws SottoError `ERR_STREAM_RENEWED` if the contact was forgotten since the message log was opened. So does each
   *   method below; then take another from the store. `ERR_KEY_CHANGED` if the permission is for another key of theirs;
   *   `ERR_STORE` if the disk fails or is full. In each case nothing was added.
   */
  append(permission: WritePermission, events: readonly Uint8Array[], beside?: (place: TransferPlace) => void): number {
    return this.#append(events, { beside, permission })
  }

  /**
   * Append events that a conversation says at once: that they may reach the other side is put down in the same step, so
   * that there is nothing to {@link save} before the record leaves.
   *
   * @returns, and throws, as {@link append}.
   */
  appendSaid(permission: WritePermission, events: readonly Uint8Array[]): number {
    return this.#append(events, { permission, isHandedOver: true })
  }

  /**
   * Append an event by which this end ends a transfer. It takes no permission: a block must not keep the user from
   * cancelling, and the other side learns nothing new.
   */
  appendEnd(event: Uint8Array, beside: (place: TransferPlace) => void): number {
    return this.#append([event], { beside })
  }

  /**
   * Send messages again that wait for a former key of the same contact, in one step: they are appended as they were
   * written, with their ids, and dropped where they were. So each is sent once, whatever ends between.
   *
   * @param permission - As {@link append}.
   * @param messages - As {@link Store.undeliverable} gave them.
   * @returns the ordinal of the last; undefined, with nothing changed, if one of them waits no longer.
   * @throws SottoError as {@link append}.
   */
  appendAgain(permission: WritePermission, messages: readonly Message[]): number | undefined {
    const storedAtMs = this.#nowMs()
    const events = messages.map(({ event }) => encodeEvent(event))
    return this.#write('disk', (contact, key) => {
      const { identityKey } = key
      permission.check(contact.name, identityKey)
      const found = { id: this.#contactId, state: contact }
      const rest = identityKey && withoutUndeliverable(this.#file, found, messages, identityKey)
      if (rest === undefined) return { contact, key, batches: [], result: undefined }
      return withEvents(rest, key, { place: this.place, events, storedAtMs })
    })
  }

  #append(events: readonly Uint8Array[], { beside, permission, isHandedOver = false }: AppendOptions): number {
    if (events.length === 0) throw new TypeError('nothing to append')
    const storedAtMs = this.#nowMs()
    return this.#write('disk', (contact, key) => {
      permission?.check(contact.name, key.identityKey)
      beside?.(this.place)
      const appended = withEvents(contact, key, { place: this.place, events, storedAtMs })
      return isHandedOver ? { ...appended, key: allHandedOver(appended.key) } : appended
    })
  }

  /**
   * The streams, for the conversations with this key; loaded at the first call, and the same object from then on. For
   * the process alone that owns the profile's channels.
   *
   * @throws SottoError `ERR_STORE_DAMAGED` if what waits cannot be read.
   */
  get streams(): StreamPair {
    if (this.#loaded === undefined) {
      this.#leaveDropped()
      this.#loaded = this.#file.read(() => new LoadedStreams(this.#file, this.#find(), this.#key))
    }
    return this.#loaded.streams
  }

  /** Have the streams loaded anew where the user has dropped some of what waits in them: while no conversation has them. */
  unloadDropped(): void {
    if (this.#loaded !== undefined && this.#hasDropped()) this.#loaded = undefined
  }

  #hasDropped(): boolean {
    return this.#file.read(() => {
      const contact = this.#file.contacts.get(this.#contactId)
      return contact !== undefined && hasDropped(this.#keyOf(contact.state))
    })
  }

  /** Number what is left anew, where the user has dropped some of what waits. @throws SottoError `ERR_STORE_DAMAGED`. */
  #leaveDropped(): void {
    if (!this.#hasDropped()) return
    const storedAtMs = this.#nowMs()
    const streamId = this.#random(STREAM_ID_BYTES)
    this.#write('disk', (contact, key) => {
      return {
        ...leaveDropped(this.#file, { contact, key, place: this.place, streamId, storedAtMs }),
        result: undefined,
      }
    })
  }

  /** Take in what other processes have appended, for the conversation to send. Cheap where there is nothing. */
  takeAppended(): void {
    const loaded = this.#needLoaded()
    const fresh = this.#file.read(() => loaded.readFresh(this.#find()))
    loaded.take(fresh)
  }

  /** Whether the outgoing stream has come further than the disk knows. */
  get hasUnsaved(): boolean {
    return this.#needLoaded().hasChanged
  }

  /**
   * Put down how far the outgoing stream has come: what was sent, acknowledged or renewed. Cheap where nothing changed.
   * Call it before a record leaves that was taken from the streams, and after one came.
   *
   * @param said - As for {@link LoadedStreams.applyTo}.
   * @returns whether there was anything to put down.
   */
  save(said: 'all' | 'exactly' = 'all'): boolean {
    if (!this.hasUnsaved) return false
    this.#write('process', (contact, key) => ({ contact, key, batches: [], result: undefined }), said)
    return true
  }

  /**
   * Put down events that were just taken from a record, in the turn in which it was: in one step with the position of
   * their stream, so that each is stored once. They are on the disk when this returns, and the next record may
   * acknowledge them.
   *
   * @param permission - Asked for now: to receive from this key.
   * @param events - Those that the delivery gave, in order.
   * @param isLetter - Whether they came by letter; then {@link Store.storeTogether} may be under way.
   * @returns those of them that are new to the person: all, unless the other side got a restored backup back and repeats
   *   what it said in another stream.
   */
  store(permission: ReceivePermission, events: readonly Event[], isLetter = false): readonly Event[] {
    const { incoming } = this.streams
    if (incoming === undefined || events.length === 0 || incoming.received - incoming.stored < events.length) {
      throw new TypeError('these events were not taken from the stream')
    }
    const storedAtMs = this.#nowMs()
    const fresh = this.#write('disk', (contact, key) => {
      permission.check(contact.name, key.identityKey)
      const before = positionIn(key, incoming)
      const found = { id: this.#contactId, state: contact }
      const repeats = before.isRepeating ? this.#receivedIds.countRepeats(found, events) : 0
      const { streamId } = incoming
      const arrival = { place: this.place, streamId, before, events, repeats, storedAtMs, isLetter }
      const received = withReceived(contact, key, arrival)
      receiveFileEvents(this.#file.transfers, this.place, received.result, storedAtMs)
      return received
    })
    this.#file.afterCommit(() => incoming.markStored(events.length))
    return fresh
  }

  /**
   * The next letter for the other side, with what of it was said put down already.
   *
   * @param sessionId - The session of theirs that it is to be sealed for.
   */
  nextLetter(sessionId: Uint8Array): NextLetter {
    const { streams } = this
    const letter = writeLetter(streams, this.#postedFor(sessionId))
    streams.outgoing.markSaid(letter.through)
    this.save('exactly')
    return letter
  }

  /** What waits behind all that was posted for a session: more letters, nothing, or what has no room in a letter. */
  leftToPost(sessionId: Uint8Array): LeftToPost {
    return leftBehind(this.streams, this.#postedFor(sessionId))
  }

  /** The number up to which events need no letter for this session: they were posted, or are acknowledged. */
  #postedFor(sessionId: Uint8Array): bigint {
    const { acknowledged } = this.streams.outgoing
    // What is on the disk may be of the stream before.
    this.save()
    const { outgoing } = this.#file.read(() => this.#keyOf(this.#find().state))
    const posted = BigInt(postedThrough(outgoing, this.#nowMs(), sessionId) - outgoing.base)
    return posted < acknowledged ? acknowledged : posted
  }

  /** Note that a letter was posted, and that it said how far the other side's stream is stored. */
  markPosted({ through }: NextLetter, letter: Pick<PostedMark, 'sessionId' | 'untilMs'>): void {
    this.#write('process', (contact, key) => {
      const { streamId, base } = key.outgoing
      const mark = { ...letter, streamId, through: base + Number(through) }
      const outgoing = withPosted(key.outgoing, mark, this.#nowMs())
      const answered = { answeredAtMs: this.#nowMs(), isUnanswered: undefined }
      return { contact, key: { ...key, outgoing, ...answered }, batches: [], result: undefined }
    })
  }

  /**
   * Note whether the other side is to be told how far their stream is stored: a letter came that brought nothing new, or a
   * conversation has told them. Where a letter brings something, {@link store} notes it.
   */
  markUnanswered(isUnanswered: boolean): void {
    const found = this.#file.read(() => this.#file.contacts.get(this.#contactId))
    if (found === undefined || this.#keyOf(found.state).isUnanswered === (isUnanswered || undefined)) return
    this.#write('process', (contact, key) => {
      return { contact, key: { ...key, isUnanswered: isUnanswered || undefined }, batches: [], result: undefined }
    })
  }

  /**
   * Whether a letter is due for nothing but to say how far the other side's stream is stored.
   *
   * @param everyMs - How long after the last letter, which said it too, in milliseconds.
   */
  isAnswerDue(everyMs: number): boolean {
    const { isUnanswered = false, answeredAtMs } = this.#file.read(() => this.#keyOf(this.#find().state))
    return isUnanswered && (answeredAtMs === undefined || this.#nowMs() - answeredAtMs >= everyMs)
  }

  /** The progress of what was sent, by whichever process. */
  progress(): Progress {
    return this.#file.read(() => progressOf(this.#keyOf(this.#find().state), this.#nowMs()))
  }

  /**
   * Note that the other side's user has read up to this number of the present stream. It never goes back.
   *
   * @param sequence - No more than is acknowledged, and that is saved.
   * @returns whether that is further than before.
   */
  markReadByPeer(sequence: bigint): boolean {
    const { acknowledged } = this.streams.outgoing
    const { read, delivered } = this.progress()
    // The disk and the memory agree on what is acknowledged, the one by its ordinal, the other by its number.
    const through = delivered - Number(acknowledged - sequence)
    if (sequence > acknowledged || through <= read) return false
    this.#write('process', (contact, key) => {
      const outgoing = { ...key.outgoing, read: through }
      return { contact, key: { ...key, outgoing }, batches: [], result: undefined }
    })
    return true
  }

  /**
   * Have the incoming stream say how far the user has read it, by what the store has as read.
   *
   * What is received and not read lies at the end of the stream, so what comes before it is read. Where the other side
   * repeats what it said in another stream, that is less than what was seen, and never more.
   *
   * @returns whether there is more to say than before.
   */
  reportRead(): boolean {
    const { incoming } = this.streams
    if (incoming === undefined) return false
    const { received, read } = this.#file.read(() => this.#keyOf(this.#find().state))
    const sequence = incoming.stored - BigInt(received - read)
    if (sequence <= incoming.read) return false
    incoming.markRead(sequence)
    return true
  }

  /** Change the state on the disk, with the loaded streams kept in step. */
  #write<T>(
    durability: Durability,
    change: (contact: ContactState, key: KeyState) => Change<T>,
    said: 'all' | 'exactly' = 'all',
  ): T {
    const loaded = this.#loaded
    // No loss of power takes back an id that the other side may hear: it may have left the former by then.
    const written = this.#file.write(loaded?.isRenewed ? 'disk' : durability, () => {
      const found = this.#find()
      const fresh = loaded?.readFresh(found)
      const key = this.#keyOf(found.state)
      const { contact, key: changed, batches, result } = change(found.state, loaded?.applyTo(key, said) ?? key)
      batches.forEach((batch, index) => {
        this.#file.batches.insert(found.id, contact.lastBatch + 1 + index, batch)
      })
      const state = { ...withKey(contact, this.#key, changed), lastBatch: contact.lastBatch + batches.length }
      this.#file.contacts.save({ id: found.id, state })
      return { fresh, batches, state, result }
    })
    const { fresh, batches, state, result } = written
    // Only then: what is in memory must not run ahead of what is on the disk.
    this.#file.afterCommit(() => {
      if (loaded === undefined || fresh === undefined) return
      loaded.take(fresh)
      loaded.note(state, batches)
    })
    return result
  }

  #find(): Contact {
    const contact = this.#file.contacts.get(this.#contactId)
    if (contact !== undefined) return contact
    throw new SottoError('ERR_STREAM_RENEWED', 'the contact was forgotten meanwhile')
  }

  #keyOf({ keys }: ContactState): KeyState {
    return keys[this.#key] as KeyState
  }

  #needLoaded(): LoadedStreams {
    if (this.#loaded === undefined) throw new TypeError('the streams of this message log are not loaded')
    return this.#loaded
  }
}

interface AppendOptions {
  /** Puts down what belongs to the events. */
  readonly beside?: ((place: TransferPlace) => void) | undefined
  /** Left out where none is needed. */
  readonly permission?: WritePermission
  readonly isHandedOver?: boolean
}

interface Change<T> extends Appended {
  readonly result: T
}

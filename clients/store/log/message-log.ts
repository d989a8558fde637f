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
import type { ReceivePermission, WritePermission } from '#lib/trust/permission.ts'
import type { Random } from '../disk/row-seal.ts'
import type { Message } from '../reading/messages.ts'
import type { TransferPlace } from '../rows/transfer-rows.ts'
import type { StoreFile } from '../store-file.ts'
import { receiveFileEvents } from '../transfers/transfer-steps.ts'
import { allHandedOver, hasDropped, leaveDropped, withEvents } from './appending.ts'
import { withoutUndeliverable } from './former-keys.ts'
import { KeyRow } from './key-row.ts'
import { LetterLog } from './letter-log.ts'
import type { LoadedStreams } from './loaded-streams.ts'
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
  /** What of it goes by letter. */
  readonly letters: LetterLog
  readonly #row: KeyRow
  readonly #random: Random
  readonly #nowMs: () => number
  readonly #receivedIds: ReceivedIds

  constructor({ file, contactId, key, random, nowMs }: MessageLogOptions) {
    this.#row = new KeyRow(file, { contactId, key })
    this.#random = random
    this.#nowMs = nowMs
    this.#receivedIds = new ReceivedIds(file.batches, key)
    this.letters = new LetterLog({
      row: this.#row,
      streams: () => this.streams,
      save: (said) => this.save(said),
      nowMs,
    })
  }

  /** The place of the log in the store. */
  get place(): TransferPlace {
    return this.#row.place
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
    return this.#row.write({ durability: 'disk' }, (contact, key) => {
      const { identityKey } = key
      permission.check(contact.name, identityKey)
      const found = { id: this.place.contactId, state: contact }
      const rest = identityKey && withoutUndeliverable(this.#row.file, found, messages, identityKey)
      if (rest === undefined) return { contact, key, batches: [], result: undefined }
      return withEvents(rest, key, { place: this.place, events, storedAtMs })
    })
  }

  #append(events: readonly Uint8Array[], { beside, permission, isHandedOver = false }: AppendOptions): number {
    if (events.length === 0) throw new TypeError('nothing to append')
    const storedAtMs = this.#nowMs()
    return this.#row.write({ durability: 'disk' }, (contact, key) => {
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
    if (this.#row.loaded === undefined) this.#leaveDropped()
    return this.#row.load().streams
  }

  /** Have the streams loaded anew where the user has dropped some of what waits in them: while no conversation has them. */
  unloadDropped(): void {
    if (this.#row.loaded !== undefined && this.#hasDropped()) this.#row.unload()
  }

  #hasDropped(): boolean {
    const key = this.#row.known()
    return key !== undefined && hasDropped(key)
  }

  /** Number what is left anew, where the user has dropped some of what waits. @throws SottoError `ERR_STORE_DAMAGED`. */
  #leaveDropped(): void {
    if (!this.#hasDropped()) return
    const storedAtMs = this.#nowMs()
    const streamId = this.#random(STREAM_ID_BYTES)
    this.#row.write({ durability: 'disk' }, (contact, key) => {
      return {
        ...leaveDropped(this.#row.file, { contact, key, place: this.place, streamId, storedAtMs }),
        result: undefined,
      }
    })
  }

  /** Take in what other processes have appended, for the conversation to send. Cheap where there is nothing. */
  takeAppended(): void {
    const loaded = this.#needLoaded()
    const { file } = this.#row
    const fresh = file.read(() => loaded.readFresh(this.#row.find()))
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
    this.#row.note((key) => key, said)
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
    const fresh = this.#row.write({ durability: 'disk' }, (contact, key) => {
      permission.check(contact.name, key.identityKey)
      const before = positionIn(key, incoming)
      const found = { id: this.place.contactId, state: contact }
      const repeats = before.isRepeating ? this.#receivedIds.countRepeats(found, events) : 0
      const { streamId } = incoming
      const arrival = { place: this.place, streamId, before, events, repeats, storedAtMs, isLetter }
      const received = withReceived(contact, key, arrival)
      receiveFileEvents(this.#row.file.transfers, this.place, received.result, storedAtMs)
      return received
    })
    this.#row.file.afterCommit(() => incoming.markStored(events.length))
    return fresh
  }

  /** The progress of what was sent, by whichever process. */
  progress(): Progress {
    return progressOf(this.#row.state(), this.#nowMs())
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
    this.#row.note((key) => ({ ...key, outgoing: { ...key.outgoing, read: through } }))
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
    const { received, read } = this.#row.state()
    const sequence = incoming.stored - BigInt(received - read)
    if (sequence <= incoming.read) return false
    incoming.markRead(sequence)
    return true
  }

  #needLoaded(): LoadedStreams {
    const { loaded } = this.#row
    if (loaded === undefined) throw new TypeError('the streams of this message log are not loaded')
    return loaded
  }
}

interface AppendOptions {
  /** Puts down what belongs to the events. */
  readonly beside?: ((place: TransferPlace) => void) | undefined
  /** Left out where none is needed. */
  readonly permission?: WritePermission
  readonly isHandedOver?: boolean
}

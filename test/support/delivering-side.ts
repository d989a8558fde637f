/**
 * One side of a conversation over a store: a message log and a delivery, used as the program does, without a network.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { Delivery } from '#lib/delivery/delivery.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import { isSottoError } from '#lib/errors.ts'
import type { MessageLog } from '../../clients/store/log/message-log.ts'
import { permitReceiving, permitWriting } from './permits.ts'
import { ALICE_KEY, BOB_KEY, textsOf } from './stores.ts'

export class DeliveringSide {
  readonly messageLog: MessageLog
  readonly opener: boolean
  /** The texts that were shown, in this run of the program. */
  readonly shown: string[] = []
  readonly #contact: readonly [name: string, identityKey: Uint8Array]
  #delivery: Delivery

  /** @param contact - Whom the message log is for; alice opens, and bob does not, unless it is given. */
  constructor(
    messageLog: MessageLog,
    opener: boolean,
    contact: readonly [name: string, identityKey: Uint8Array] = opener ? ['bob', BOB_KEY] : ['alice', ALICE_KEY],
  ) {
    this.#contact = contact
    this.messageLog = messageLog
    this.opener = opener
    this.#delivery = this.open()
  }

  /** Begin a conversation. */
  open(opener = this.opener): Delivery {
    const drawStreamId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)
    this.#delivery = new Delivery({ opener, streams: this.messageLog.streams, drawStreamId })
    return this.#delivery
  }

  /** Put events behind all that was sent. */
  append(events: readonly Uint8Array[]): number {
    return this.messageLog.append(permitWriting(this.#contact[0]), events)
  }

  /** The next record. What the log must know of it is saved first. */
  next(): Uint8Array | undefined {
    const plaintext = this.#delivery.next()
    if (plaintext !== undefined) this.messageLog.save()
    return plaintext
  }

  receive(plaintext: Uint8Array): void {
    const { events } = this.#delivery.receive(parseRecordBody(plaintext))
    if (events.length > 0) this.shown.push(...textsOf(this.messageLog.store(permitReceiving(...this.#contact), events)))
    else this.messageLog.save()
  }
}

/** Exchange records in one conversation until neither side has one. Returns how many there were. */
export function converse(a: DeliveringSide, b: DeliveringSide): number {
  a.open()
  b.open()
  let records = 0
  for (let before = -1; before !== records; ) {
    before = records
    for (const [sender, receiver] of [[a, b] as const, [b, a] as const]) {
      for (let plaintext = sender.next(); plaintext !== undefined; plaintext = sender.next()) {
        receiver.receive(plaintext)
        records += 1
      }
    }
  }
  return records
}

/**
 * Exchange records as {@link converse} does, in as many conversations as it takes for both sides to agree on their
 * streams.
 *
 * @throws Error if they do not agree after four.
 */
export function converseAgain(a: DeliveringSide, b: DeliveringSide): void {
  for (let tries = 0; tries < 4; tries += 1) {
    try {
      converse(a, b)
      return
    } catch (error) {
      if (!isSottoError(error, 'ERR_STREAM_RENEWED')) throw error
    }
  }
  throw new Error('the two sides do not agree')
}
